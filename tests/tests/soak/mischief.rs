//! What happens to servers and links.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use connreg_tests::{Fault, FaultProxy, Postgres, Redis, Server};
use tokio::task::spawn_blocking;

/// What may happen, each as often as any other.
#[derive(Clone, Copy, Debug)]
enum Mischief {
    Link(Fault),
    Cut,
    Killed,
    Frozen,
}

const ALL: [Mischief; 10] = [
    Mischief::Link(Fault::Reset),
    Mischief::Link(Fault::Silence),
    Mischief::Link(Fault::Slices(7)),
    Mischief::Link(Fault::Truncation(211)),
    Mischief::Link(Fault::Truncation(20_000)),
    Mischief::Link(Fault::Bandwidth(2)),
    Mischief::Link(Fault::Latency {
        delay: Duration::from_millis(300),
        jitter: Duration::from_millis(200),
    }),
    Mischief::Cut,
    Mischief::Killed,
    Mischief::Frozen,
];

impl fmt::Display for Mischief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(fault) => write!(f, "{fault:?}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Both servers, and the proxies before them that all connections go through.
pub(crate) struct Victims {
    pub(crate) postgres: Postgres,
    pub(crate) redis: Redis,
    proxies: [FaultProxy; 2],
}

const NAMES: [&str; 2] = ["postgres", "redis"];

impl Victims {
    pub(crate) fn start() -> Arc<Self> {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let proxies = [postgres.port(), redis.port()].map(FaultProxy::before);
        Arc::new(Self {
            postgres,
            redis,
            proxies,
        })
    }

    /// Where Postgres and Redis are reached.
    pub(crate) fn ports(&self) -> [u16; 2] {
        [self.proxies[0].port(), self.proxies[1].port()]
    }

    /// Lets something happen to one server or to both for a while, and puts it right again. Says what it was.
    pub(crate) async fn hurt(self: &Arc<Self>, random: &mut fastrand::Rng) -> String {
        let what = ALL[random.usize(..ALL.len())];
        let lasts = Duration::from_millis(random.u64(50..1500));
        let whom: &'static [usize] = [&[0][..], &[1], &[0, 1]][random.usize(..3)];
        self.each(whom, move |victims, index| victims.begin(index, what))
            .await;
        tokio::time::sleep(lasts).await;
        self.each(whom, move |victims, index| victims.end(index, what))
            .await;
        let names: Vec<_> = whom.iter().map(|&index| NAMES[index]).collect();
        format!("{} for {lasts:?}: {what}", names.join(" and "))
    }

    /// Starting a server takes its time, which must not be the runtime's.
    async fn each(
        self: &Arc<Self>,
        whom: &'static [usize],
        act: impl Fn(&Self, usize) + Send + 'static,
    ) {
        let victims = Arc::clone(self);
        spawn_blocking(move || whom.iter().for_each(|&index| act(&victims, index)))
            .await
            .unwrap();
    }

    fn server(&self, index: usize) -> &Server {
        match index {
            0 => &self.postgres,
            _ => &self.redis,
        }
    }

    fn begin(&self, index: usize, what: Mischief) {
        match what {
            Mischief::Link(fault) => self.proxies[index].add(fault),
            Mischief::Cut => self.proxies[index].cut(),
            Mischief::Killed => self.server(index).kill(),
            Mischief::Frozen => self.server(index).freeze(),
        }
    }

    fn end(&self, index: usize, what: Mischief) {
        match what {
            Mischief::Link(_) | Mischief::Cut => self.proxies[index].heal(),
            Mischief::Killed => self.server(index).restart(),
            Mischief::Frozen => self.server(index).thaw(),
        }
    }
}
