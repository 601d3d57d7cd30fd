//! The replicas of a sentinel's group: which there are, how they are, and where a read goes.
//!
//! Nothing is opened before the first read. Then each replica has one connection that all reads share, and is looked at
//! when the topology says so: by `INFO`, beside the reads on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use ::redis::{ConnectionInfo, RedisError, RedisResult, cmd};
use connreg::topology::{ReadFrom, Reader, Role, Sighting, Topology};
use connreg::{ConnectError, ErrorKind};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};

use super::address::Plan;
use super::dial::Dialer;
use super::error::{Answer, OwnWord, is_unready};
use super::link::{Link, Purpose, Up};
use super::sentinel;

/// How long a replica has to be connected to and to answer a look; then it is left for another.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

/// A master with nothing to say says so every 10 s, unless it was configured otherwise.
const SILENCE: Duration = Duration::from_secs(10);

/// The replicas of a group.
pub(super) struct Replicas {
    main: Arc<Link>,
    topology: Topology,
    from: ReadFrom,
    links: Mutex<HashMap<Arc<str>, Arc<Link>>>,
    looker: OnceLock<AbortHandle>,
    /// Whether they have been looked at.
    looked: watch::Sender<bool>,
}

/// Where one read goes.
pub(super) struct Route {
    /// `None`: to the master, of which its link alone knows.
    reader: Option<Reader>,
    topology: Topology,
    link: Arc<Link>,
    pub(super) up: Up,
}

impl Route {
    /// Looks at how the read ended. Gives whether it is to be sent to another server, since its replica was lost or has
    /// nothing to read yet; that one is left alone for a while then.
    pub(super) fn has_lost_replica<T: Answer>(&self, outcome: &RedisResult<T>) -> bool {
        self.link.judge(&self.up, outcome);
        let reader = self.reader.as_ref();
        let Some(reader) = reader.filter(|reader| reader.role() == Role::Replica) else {
            return false;
        };
        let is_lost = |error: &&RedisError| error.is_timeout() || error.is_unrecoverable_error();
        let lost = outcome.as_ref().err().filter(is_lost);
        if lost.is_none() && !is_unready(outcome) {
            return false;
        }
        leave(&self.topology, reader);
        // One who has waited for the whole time has no time left.
        !lost.is_some_and(RedisError::is_timeout)
    }
}

impl Replicas {
    pub(super) fn new(main: Arc<Link>, topology: Topology, from: ReadFrom) -> Arc<Self> {
        Arc::new(Self {
            main,
            topology,
            from,
            links: Mutex::default(),
            looker: OnceLock::new(),
            looked: watch::Sender::new(false),
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.links().len()
    }

    /// Where a read goes; `is_strict`: it must be as new as the master has it.
    pub(super) async fn route(self: &Arc<Self>, is_strict: bool) -> RedisResult<Route> {
        if self.main.is_closed() {
            self.main.get(&mut None).await?;
        }
        let from = if is_strict {
            ReadFrom::Primary
        } else {
            self.look_after_roles().await;
            self.from
        };
        let mut left = self.count();
        loop {
            let reader = match self.topology.reader(from) {
                Ok(reader) => reader,
                // The master is being looked for, which is for its link to tell of.
                Err(_) if from != ReadFrom::Replica => {
                    let up = self.main.get(&mut None).await?.clone();
                    return Ok(self.leading(None, Arc::clone(&self.main), up));
                }
                Err(error) => return Err(in_driver(&error)),
            };
            let link = self.link(&reader);
            if reader.role() != Role::Replica {
                let up = link.get(&mut None).await?.clone();
                return Ok(self.leading(Some(reader), link, up));
            }
            let error = match timeout(LOOK_LIMIT, link.get(&mut None)).await {
                Ok(Ok(up)) => {
                    let up = up.clone();
                    return Ok(self.leading(Some(reader), link, up));
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    let message = format!("{} was not reached in time", reader.endpoint());
                    OwnWord::new(ErrorKind::Timeout, message).into_driver()
                }
            };
            if left == 0 {
                return Err(error);
            }
            left -= 1;
            leave(&self.topology, &reader);
        }
    }

    fn leading(&self, reader: Option<Reader>, link: Arc<Link>, up: Up) -> Route {
        Route {
            reader,
            topology: self.topology.clone(),
            link,
            up,
        }
    }

    /// Ends all of it.
    pub(super) fn close(&self) {
        if let Some(looker) = self.looker.get() {
            looker.abort();
        }
        for link in self.links().values() {
            link.close();
        }
    }

    fn link(&self, reader: &Reader) -> Arc<Link> {
        let links = self.links();
        let replica = links.get(reader.endpoint());
        // One that was a replica until now may still have a link of its own.
        let replica = replica.filter(|_| reader.role() == Role::Replica);
        Arc::clone(replica.unwrap_or(&self.main))
    }

    /// Has the replicas looked at from now on; waits for the first look.
    async fn look_after_roles(self: &Arc<Self>) {
        if *self.looked.borrow() {
            return;
        }
        self.looker.get_or_init(|| {
            let looking = look_again(Arc::downgrade(self), self.topology.clone());
            tokio::spawn(looking).abort_handle()
        });
        let mut looked = self.looked.subscribe();
        let limit = self.main.dialer.connect_timeout;
        // Later, what is known counts, be it nothing.
        let _ = timeout(limit, looked.wait_for(|looked| *looked)).await;
    }

    async fn look(&self) {
        if let Plan::Sentinel(group) = &self.main.dialer.plan
            && let Ok(places) = sentinel::replicas(group).await
        {
            self.list(places);
        }
        let mut looks = JoinSet::new();
        looks.spawn(look_at_master(Arc::clone(&self.main)));
        {
            let mut links = self.links();
            // One that has become the master is looked after by its other link, whether or not sentinels answered.
            let promoted = self.topology.primary();
            if let Some(link) = promoted.and_then(|place| links.remove(&place)) {
                link.close();
            }
            for (place, link) in &*links {
                let (topology, place) = (self.topology.clone(), Arc::clone(place));
                looks.spawn(look_at(topology, place, Arc::clone(link)));
            }
        }
        while looks.join_next().await.is_some() {}
    }

    /// Keeps a link for each of `places`.
    fn list(&self, places: Vec<ConnectionInfo>) {
        let main = &self.main.dialer;
        let mut links = self.links();
        // It is closed first of all.
        if self.main.is_closed() {
            return;
        }
        let primary = self.topology.primary();
        let mut before = std::mem::take(&mut *links);
        for info in places {
            let place: Arc<str> = info.addr().to_string().into();
            if primary.as_ref() == Some(&place) {
                continue;
            }
            let link = before.remove(&place).unwrap_or_else(|| {
                let plan = Plan::Single(info);
                let dialer = Dialer::new(plan, main.connect_timeout, main.response_timeout);
                Link::begin(&self.main.context, Arc::new(dialer), Purpose::Replica)
            });
            links.insert(place, link);
        }
        for gone in before.values() {
            gone.close();
        }
        let listed: Vec<Arc<str>> = links.keys().cloned().collect();
        drop(links);
        // It may be another by now, and is not to be forgotten.
        let primary = self.topology.primary();
        self.topology
            .set_endpoints(primary.into_iter().chain(listed));
    }

    fn links(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Link>>> {
        // Nothing panics while it is held.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.close();
    }
}

/// Leaves a replica alone for a while; not one that has become the master, which is for its other link to look after.
fn leave(topology: &Topology, reader: &Reader) {
    if topology.primary().as_ref() != Some(reader.endpoint()) {
        reader.failed();
    }
}

fn in_driver(error: &ConnectError) -> RedisError {
    OwnWord::of(error).into_driver()
}

async fn look_again(replicas: Weak<Replicas>, topology: Topology) {
    loop {
        topology.look_due().await;
        let Some(replicas) = replicas.upgrade() else {
            return;
        };
        replicas.look().await;
        topology.looked();
        replicas.looked.send_replace(true);
        if replicas.main.is_closed() {
            return;
        }
    }
}

async fn look_at(topology: Topology, place: Arc<str>, link: Arc<Link>) {
    let told = timeout(LOOK_LIMIT, ask(&link)).await;
    // It has become the master meanwhile, which is for the other link to look after.
    if topology.primary().as_ref() == Some(&place) {
        return;
    }
    let Ok(Ok((state, round_trip))) = told else {
        topology.failed(&place);
        return;
    };
    let is = |role| Sighting::new(role, round_trip);
    let sighting = match state {
        State::Replica { lag } => is(Role::Replica).with_lag(lag),
        State::Untold => is(Role::Replica),
        // Who is the master is for the sentinels to say.
        State::Master => is(Role::Unknown),
    };
    topology.saw(&place, sighting);
}

/// A master that has become a replica is found here even if nobody writes.
async fn look_at_master(link: Arc<Link>) {
    let Some(up) = link.up() else { return };
    if let Ok(Ok((State::Replica { .. }, _))) = timeout(LOOK_LIMIT, ask(&link)).await {
        link.write_refused(&up.place, Some(up.generation));
    }
}

/// What a server says of itself.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Master,
    Replica {
        lag: Duration,
    },
    /// The user may not ask.
    Untold,
}

/// What a server says, and how long it took to say so.
async fn ask(link: &Arc<Link>) -> RedisResult<(State, Duration)> {
    let mut kept = None;
    let up = link.get(&mut kept).await?;
    let mut question = cmd("INFO");
    question.arg("replication");
    let asked = Instant::now();
    let told: RedisResult<String> = question.query_async(&mut up.connection).await;
    let state = match told {
        Ok(told) => state(&told),
        Err(error) if error.code() == Some("NOPERM") => State::Untold,
        Err(error) => return Err(error),
    };
    Ok((state, asked.elapsed()))
}

/// Reads the section `replication` of `INFO`.
fn state(told: &str) -> State {
    let field = |name: &str| {
        let mut lines = told.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    };
    let seconds = |name| field(name).and_then(|number| number.parse().ok());
    if field("role") == Some("master") {
        return State::Master;
    }
    let lag = if field("master_link_status") == Some("up") {
        let silent =
            seconds("master_last_io_seconds_ago").map_or(Duration::ZERO, Duration::from_secs);
        silent.saturating_sub(SILENCE)
    } else {
        // One that was never in step has nothing to tell.
        seconds("master_link_down_since_seconds").map_or(Duration::MAX, Duration::from_secs)
    };
    State::Replica { lag }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_read_from_what_a_replica_tells() {
        let lag = |told: &str| match state(told) {
            State::Replica { lag } => lag,
            other => panic!("{other:?}"),
        };
        let up = "role:slave\r\nmaster_link_status:up\r\nmaster_last_io_seconds_ago:";
        assert_eq!(lag(&format!("{up}9\r\n")), Duration::ZERO);
        assert_eq!(lag(&format!("{up}14\r\n")), Duration::from_secs(4));
        let down = "role:slave\r\nmaster_link_status:down\r\nmaster_link_down_since_seconds:";
        assert_eq!(lag(&format!("{down}7\r\n")), Duration::from_secs(7));
        assert_eq!(lag(&format!("{down}-1\r\n")), Duration::MAX);
        assert_eq!(state("role:master\r\n"), State::Master);
    }
}
