//! A back end whose client is a pool of connections to nowhere, made as a test says.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use connreg::pool::{Manage, Pool, PoolStatistics};
use connreg::{Backend, ConnectError, Connections, Context, ErrorKind, connection};

/// The server that isn't there: what it does, and what was asked of it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) attempts: AtomicUsize,
    pub(crate) made: AtomicUsize,
    pub(crate) alive: AtomicUsize,
    pub(crate) tests: AtomicUsize,
    pub(crate) credential: AtomicU64,
    /// The next tests fail.
    pub(crate) dead: AtomicBool,
    pub(crate) panics: AtomicBool,
    /// Connections that were made are broken from now on.
    pub(crate) broken: AtomicBool,
    connecting_micros: AtomicU64,
    testing_micros: AtomicU64,
    closing_micros: AtomicU64,
    refusal: Mutex<Option<ErrorKind>>,
    /// When a caller who is refused is to come back.
    retry_after: Mutex<Option<Duration>>,
}

impl World {
    pub(crate) fn refuse(&self, kind: Option<ErrorKind>) {
        *self.refusal.lock().unwrap() = kind;
    }

    pub(crate) fn refuse_for(&self, kind: ErrorKind, time: Duration) {
        self.refuse(Some(kind));
        *self.retry_after.lock().unwrap() = Some(time);
    }

    pub(crate) fn connecting_takes(&self, time: Duration) {
        self.connecting_micros.store(micros(time), SeqCst);
    }

    pub(crate) fn testing_takes(&self, time: Duration) {
        self.testing_micros.store(micros(time), SeqCst);
    }

    pub(crate) fn closing_takes(&self, time: Duration) {
        self.closing_micros.store(micros(time), SeqCst);
    }

    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn named(name: &str) -> Arc<Self> {
        static ALL: LazyLock<Mutex<HashMap<String, Arc<World>>>> = LazyLock::new(Mutex::default);
        Arc::clone(ALL.lock().unwrap().entry(name.to_owned()).or_default())
    }
}

pub(crate) struct Made(pub(crate) Arc<World>);

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}

async fn pass(micros: &AtomicU64) {
    let micros = micros.load(SeqCst);
    if micros > 0 {
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }
}

/// One connection to nowhere.
pub(crate) struct Exclusive {
    pub(crate) number: usize,
    pub(crate) in_use: AtomicBool,
    /// Sent and not read yet.
    answers: Mutex<VecDeque<u64>>,
    world: Arc<World>,
}

impl Exclusive {
    pub(crate) fn send(&self, number: u64) {
        self.answers.lock().unwrap().push_back(number);
    }

    /// The oldest answer, as a socket would give it.
    pub(crate) fn receive(&self) -> u64 {
        self.answers.lock().unwrap().pop_front().unwrap()
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        self.world.alive.fetch_sub(1, SeqCst);
    }
}

impl Manage for Made {
    type Connection = Exclusive;

    async fn connect(&self) -> Result<Exclusive, ConnectError> {
        let world = &self.0;
        world.attempts.fetch_add(1, SeqCst);
        assert!(!world.panics.load(SeqCst), "scripted panic");
        let refusal = *world.refusal.lock().unwrap();
        if let Some(kind) = refusal {
            let error = ConnectError::new(kind, "scripted");
            let retry_after = *world.retry_after.lock().unwrap();
            return Err(match retry_after {
                Some(time) => error.with_retry_after(time),
                None => error,
            });
        }
        pass(&world.connecting_micros).await;
        world.alive.fetch_add(1, SeqCst);
        let number = world.made.fetch_add(1, SeqCst);
        Ok(Exclusive {
            number,
            in_use: AtomicBool::new(false),
            answers: Mutex::default(),
            world: Arc::clone(world),
        })
    }

    async fn test(&self, _connection: &mut Exclusive) -> Result<(), ConnectError> {
        self.0.tests.fetch_add(1, SeqCst);
        pass(&self.0.testing_micros).await;
        if self.0.dead.load(SeqCst) {
            return Err(ConnectError::new(ErrorKind::Refused, "dead"));
        }
        Ok(())
    }

    fn is_broken(&self, _connection: &mut Exclusive) -> bool {
        self.0.broken.load(SeqCst)
    }

    async fn close(&self, connection: Exclusive) {
        pass(&self.0.closing_micros).await;
        drop(connection);
    }

    fn credential_version(&self) -> u64 {
        self.0.credential.load(SeqCst)
    }
}

/// A pool of connections to nowhere.
#[connection(type = "pooled", category = "test")]
pub(crate) struct Pooled {
    /// The world's name.
    pub(crate) world: String,
}

impl Backend for Pooled {
    type Client = Pool<Made>;
    const POOLED: bool = true;

    async fn connect(&self, context: &Context) -> Result<Self::Client, ConnectError> {
        Ok(Pool::new(Made(World::named(&self.world)), context))
    }

    async fn check(client: &Self::Client) -> Result<(), ConnectError> {
        client.check().await
    }

    async fn close(client: &Self::Client) {
        client.close().await;
    }

    fn statistics(client: &Self::Client) -> Option<PoolStatistics> {
        Some(client.statistics())
    }
}

/// Resolves when `is_so`, within ten seconds.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let soon = tokio::time::Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(tokio::time::Instant::now() < soon, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A pool with default settings; `name` is the world's, too.
pub(crate) async fn pool(name: &str) -> (Arc<Pool<Made>>, Arc<World>) {
    pool_with(name, &[]).await
}

pub(crate) async fn pool_with(
    name: &str,
    settings: &[(&str, &str)],
) -> (Arc<Pool<Made>>, Arc<World>) {
    let (connections, world) = load(name, settings).await;
    let client = connections
        .get::<Pooled>(name)
        .unwrap()
        .client()
        .await
        .unwrap()
        .share();
    // Kept: dropping the connections would close the pool.
    std::mem::forget(connections);
    (client, world)
}

/// One connection whose client is a pool; `name` is the world's, too.
pub(crate) async fn load(name: &str, settings: &[(&str, &str)]) -> (Connections, Arc<World>) {
    let mut builder = Connections::builder()
        .environment([("", ""); 0])
        .set(format!("{name}.type"), "pooled")
        .set(format!("{name}.world"), name);
    for (key, value) in settings {
        builder = builder.set(format!("{name}.{key}"), *value);
    }
    let connections = builder.load().await.expect("the settings are right");
    (connections, World::named(name))
}
