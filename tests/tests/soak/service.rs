//! A service: its configuration, its callers, its listeners, and whether all of it works.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use connreg::{Connections, Error, ErrorKind, HealthStatus};
use connreg_backends::postgres::Heard;
use connreg_backends::redis::Event;
use connreg_backends::redis::driver::AsyncCommands as _;
use connreg_tests::Postgres;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::work::{ALL, Handles, Work};

/// What the configuration says that a call may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// What a busy machine may add; a call that hangs takes longer.
const GRACE: Duration = Duration::from_secs(5);
const POOL: u32 = 4;
/// How long callers rest between two calls.
const REST: Duration = Duration::from_millis(10);
const CHANNEL: &str = "heartbeat";

/// What became of all calls of one kind.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    done: AtomicU64,
    failed: AtomicU64,
    slowest_ms: AtomicU64,
}

impl Tally {
    fn count(&self, outcome: &Result<(), Error>, took: Duration) {
        let which = if outcome.is_ok() {
            &self.done
        } else {
            &self.failed
        };
        which.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.slowest_ms.fetch_max(took, Ordering::Relaxed);
    }

    fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

/// What all tasks share.
struct Shared {
    handles: Handles,
    over: AtomicBool,
    tallies: [Tally; ALL.len()],
    /// Heartbeats that arrived: from Postgres, from Redis.
    heard: [AtomicU64; 2],
}

/// A running service.
pub(crate) struct Service {
    pub(crate) connections: Connections,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    folder: TempDir,
    urls: [String; 2],
    version: u64,
}

impl Service {
    /// Loads the configuration, opens nothing.
    pub(crate) async fn load(postgres: &Postgres, ports: [u16; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let urls = [
            format!(
                "postgres://{}:{}@127.0.0.1:{}/{}?application_name=soak",
                postgres.user(),
                postgres.password(),
                ports[0],
                postgres.database()
            ),
            format!("redis://127.0.0.1:{}/", ports[1]),
        ];
        write_configuration(folder.path(), &urls, 0);
        let connections = Connections::builder()
            .directory(folder.path())
            .environment([("", ""); 0])
            .load()
            .await
            .unwrap();
        let handles = Handles::of(&connections).unwrap();
        Self {
            connections,
            shared: Arc::new(Shared {
                handles,
                over: AtomicBool::new(false),
                tallies: Default::default(),
                heard: Default::default(),
            }),
            tasks: JoinSet::new(),
            folder,
            urls,
            version: 0,
        }
    }

    /// Starts callers and listeners.
    pub(crate) async fn start(&mut self) {
        self.shared.handles.prepare().await.unwrap();
        for caller in 0..2 * ALL.len() {
            let work = ALL[caller % ALL.len()];
            self.tasks
                .spawn(call(Arc::clone(&self.shared), work, caller));
        }
        self.tasks.spawn(publish(Arc::clone(&self.shared)));
        self.tasks.spawn(listen(Arc::clone(&self.shared)));
        self.tasks.spawn(subscribe(Arc::clone(&self.shared)));
    }

    /// Writes another configuration and has it loaded. While a server is down, that fails and changes nothing.
    pub(crate) async fn reload(&mut self) -> Result<(), Error> {
        self.version += 1;
        write_configuration(self.folder.path(), &self.urls, self.version);
        self.connections.reload().await.map(|_| ())
    }

    /// A configuration that is written by halves is refused, with its place.
    pub(crate) async fn reload_by_halves(&mut self) {
        let path = self.folder.path().join("connections.yaml");
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 10]).unwrap();
        let error = self.connections.reload().await.unwrap_err();
        fs::write(&path, &whole).unwrap();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains("connections.yaml:"), "{error}");
    }

    /// Panics as a task of the service did, if one has.
    pub(crate) fn look_after_tasks(&mut self) {
        if let Some(ended) = self.tasks.try_join_next() {
            ended.unwrap();
            assert!(self.shared.over.load(Ordering::Relaxed), "a task ended");
        }
    }

    /// Waits until each thing has been seen as it should be: every connection up, every pool full, every piece of work done
    /// once more, something heard by each listener. Not all in one instant: requests are dropped all the time, and each costs its connection.
    pub(crate) async fn calm(&mut self, within: Duration) -> Result<(), String> {
        let until = Instant::now() + within;
        let before = self.progress();
        let mut open: Vec<String> = self.connections.list();
        loop {
            self.look_after_tasks();
            open.retain(|name| !self.is_well(name));
            let stuck = stuck(&before, &self.progress());
            if open.is_empty() && stuck.is_empty() {
                return Ok(());
            }
            if Instant::now() > until {
                let infos: Vec<_> = open
                    .iter()
                    .map(|name| self.connections.info(name))
                    .collect();
                return Err(format!("not within {within:?}: {stuck:?} {infos:#?}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn progress(&self) -> Vec<u64> {
        let done = self.shared.tallies.iter().map(Tally::done);
        let heard = self.shared.heard.iter();
        done.chain(heard.map(|heard| heard.load(Ordering::Relaxed)))
            .collect()
    }

    fn is_well(&self, name: &str) -> bool {
        let health = self.connections.health_of(&[name]).unwrap();
        let info = self.connections.info(name).unwrap();
        let Some(pool) = info.pool else {
            return false;
        };
        let live = pool.created - pool.closed;
        assert_eq!(live, u64::from(pool.total), "{info:?}");
        health.status == HealthStatus::Up && pool.total == pool.max_size
    }

    /// Lets callers end; every call has its deadline, so they do.
    pub(crate) async fn stop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        timeout(2 * DEADLINE + GRACE, async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.unwrap();
            }
        })
        .await
        .expect("a call hangs");
    }

    /// One line for each kind of work.
    pub(crate) fn table(&self) -> String {
        let line = |(work, tally): (&Work, &Tally)| {
            format!(
                "  {work:?}: {} done, {} failed, the slowest {} ms\n",
                tally.done(),
                tally.failed.load(Ordering::Relaxed),
                tally.slowest_ms.load(Ordering::Relaxed)
            )
        };
        ALL.iter().zip(&self.shared.tallies).map(line).collect()
    }
}

/// What has not got on since `before`.
fn stuck(before: &[u64], now: &[u64]) -> Vec<String> {
    let name = |index| {
        ALL.get(index)
            .map_or("a listener".to_owned(), |work: &Work| format!("{work:?}"))
    };
    let pairs = before.iter().zip(now).enumerate();
    pairs
        .filter(|(_, (before, now))| before == now)
        .map(|(index, _)| name(index))
        .collect()
}

fn write_configuration(folder: &Path, urls: &[String; 2], version: u64) {
    let [postgres, redis] = urls;
    let database = folder.join("local.db");
    let text = format!(
        "defaults:\n  \
           connect_timeout: 2s\n  \
           operation_timeout: {DEADLINE:?}\n  \
           close_timeout: 10s\n  \
           circuit_breaker: {{ recovery_timeout: 500ms }}\n  \
           health_check: {{ interval: 1s, timeout: 500ms }}\n  \
           pool: {{ max_size: {POOL}, min_size: {POOL}, acquire_timeout: 1s, max_lifetime: 60s }}\n\
         connections:\n  \
           db: {{ type: postgres, connection_string: \"{postgres}-{version}\" }}\n  \
           cache: {{ type: redis, url: \"{redis}\", socket_timeout: 1s }}\n  \
           local: {{ type: sqlite, path: \"{}\", tags: [\"version-{version}\"] }}\n",
        database.display(),
    );
    fs::write(folder.join("connections.yaml"), text).unwrap();
}

async fn call(shared: Arc<Shared>, work: Work, caller: usize) {
    let tally = &shared.tallies[caller % ALL.len()];
    let mut number = 0;
    while !shared.over.load(Ordering::Relaxed) {
        number += 1;
        let began = Instant::now();
        let outcome = work.once(&shared.handles, caller, number).await;
        let took = began.elapsed();
        assert!(
            took < DEADLINE + GRACE,
            "{work:?} took {took:?}: {outcome:?}"
        );
        if let Err(error) = &outcome {
            let impossible = [
                ErrorKind::Authentication,
                ErrorKind::Configuration,
                ErrorKind::Dns,
            ];
            assert!(!impossible.contains(&error.kind()), "{work:?}: {error}");
        }
        tally.count(&outcome, took);
        sleep(REST).await;
    }
}

/// Tells listeners of both kinds that time goes by.
async fn publish(shared: Arc<Shared>) {
    let mut beat = 0_u64;
    while !shared.over.load(Ordering::Relaxed) {
        beat += 1;
        // While a server is down nobody is told.
        if let Ok(db) = shared.handles.db.client().await {
            let _ = db.notify(CHANNEL, &beat.to_string()).await;
        }
        if let Ok(cache) = shared.handles.cache.client().await {
            let _: Result<(), _> = cache.commands().publish(CHANNEL, beat).await;
        }
        sleep(5 * REST).await;
    }
}

/// A beat never goes backwards.
struct Beats<'a> {
    heard: &'a AtomicU64,
    last: u64,
}

impl Beats<'_> {
    fn heard(&mut self, payload: &str) {
        let beat = payload.parse().unwrap();
        assert!(beat > self.last, "{beat} after {}", self.last);
        self.last = beat;
        self.heard.fetch_add(1, Ordering::Relaxed);
    }
}

async fn listen(shared: Arc<Shared>) {
    let mut beats = Beats {
        heard: &shared.heard[0],
        last: 0,
    };
    while !shared.over.load(Ordering::Relaxed) {
        let opened = async { shared.handles.db.client().await?.listen([CHANNEL]).await };
        let Ok(mut notifications) = opened.await else {
            sleep(REST).await;
            continue;
        };
        // The stream ends when a reload replaces the client.
        while !shared.over.load(Ordering::Relaxed) {
            match timeout(DEADLINE, notifications.next()).await {
                Ok(Some(Heard::Notification(notification))) => beats.heard(notification.payload()),
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => break,
            }
        }
    }
}

async fn subscribe(shared: Arc<Shared>) {
    let mut beats = Beats {
        heard: &shared.heard[1],
        last: 0,
    };
    while !shared.over.load(Ordering::Relaxed) {
        let opened = async {
            shared
                .handles
                .cache
                .client()
                .await?
                .subscribe(&[CHANNEL])
                .await
        };
        let Ok(mut messages) = opened.await else {
            sleep(REST).await;
            continue;
        };
        while !shared.over.load(Ordering::Relaxed) {
            match timeout(DEADLINE, messages.next()).await {
                Ok(Some(Event::Message(message))) => {
                    beats.heard(&message.get_payload::<String>().unwrap());
                }
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => break,
            }
        }
    }
}
