//! What stands between the fair pool and `bb8`: making connections, telling failures, counting.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout};

use super::{Manage, PoolStatistics};
use crate::context::Context;
use crate::error::{ConnectError, ErrorKind};

/// Why no connection was made.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Connect(Arc<ConnectError>),
    /// Nobody waited for it any more, or the pool is closed.
    GivenUp,
}

/// What the pool, its leases and `bb8`'s tasks share.
pub(super) struct Shared<M> {
    pub(super) manager: M,
    pub(super) context: Context,
    pub(super) counters: Arc<Counters>,
    max_size: u32,
    min_size: u32,
    closed: AtomicBool,
    /// How many may be opened side by side.
    connecting: Semaphore,
    failures: Arc<Failures>,
    returned: Notify,
}

/// The last failure to connect, and whoever wants to know of the next.
#[derive(Debug, Default)]
pub(super) struct Failures {
    count: AtomicU64,
    last: Mutex<Option<Failure>>,
    told: Notify,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) requests: AtomicU64,
    pub(super) timeouts: AtomicU64,
    waiting: AtomicU32,
    active: AtomicU32,
    waited_micros: AtomicU64,
    open: AtomicU32,
    created: AtomicU64,
}

impl Counters {
    pub(super) fn waited(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl<M: Manage> Shared<M> {
    pub(super) fn new(manager: M, context: Context, max_size: u32, min_size: u32) -> Self {
        let connecting = Semaphore::new(context.pool().max_connecting.max(1) as usize);
        Self {
            manager,
            context,
            counters: Arc::default(),
            max_size,
            min_size,
            closed: AtomicBool::new(false),
            connecting,
            failures: Arc::default(),
            returned: Notify::new(),
        }
    }

    pub(super) fn sink(&self) -> Box<dyn bb8::ErrorSink<Failure>> {
        Box::new(Sink(Arc::clone(&self.failures)))
    }

    pub(super) fn failures(&self) -> &Notify {
        &self.failures.told
    }

    pub(super) fn failure_count(&self) -> u64 {
        self.failures.count.load(Ordering::Acquire)
    }

    pub(super) fn failure_since(&self, seen: u64) -> Option<Failure> {
        if self.failure_count() == seen {
            return None;
        }
        self.failures.last().clone()
    }

    pub(super) fn last_connect_error(&self) -> Option<Arc<ConnectError>> {
        match &*self.failures.last() {
            Some(Failure::Connect(error)) => Some(Arc::clone(error)),
            _ => None,
        }
    }

    /// Connections open at the moment.
    pub(super) fn open(&self) -> u32 {
        self.counters.open.load(Ordering::Acquire)
    }

    /// Counts a waiter until the guard is dropped.
    pub(super) fn wait(&self) -> impl Drop + '_ {
        self.counters.waiting.fetch_add(1, Ordering::AcqRel);
        Waiting(&self.counters.waiting)
    }

    pub(super) fn lent(&self) {
        self.counters.active.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn given_back(&self) {
        self.counters.active.fetch_sub(1, Ordering::AcqRel);
        self.returned.notify_waiters();
    }

    /// Resolves when a connection comes back, or after `limit`.
    pub(super) async fn one_returned(&self, limit: Duration) {
        // Either way the caller looks again.
        let _ = timeout(limit, self.returned.notified()).await;
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Resolves when no connection is on lease.
    pub(super) async fn drained(&self) {
        loop {
            let returned = self.returned.notified();
            if self.counters.active.load(Ordering::Acquire) == 0 {
                return;
            }
            returned.await;
        }
    }

    pub(super) fn statistics(&self, total: u32, idle: u32) -> PoolStatistics {
        let c = &self.counters;
        let created = c.created.load(Ordering::Relaxed);
        PoolStatistics {
            max_size: self.max_size,
            total,
            active: c.active.load(Ordering::Acquire),
            idle,
            waiting: c.waiting.load(Ordering::Acquire),
            requests: c.requests.load(Ordering::Relaxed),
            timeouts: c.timeouts.load(Ordering::Relaxed),
            created,
            closed: created.saturating_sub(u64::from(self.open())),
            wait_time: Duration::from_micros(c.waited_micros.load(Ordering::Relaxed)),
        }
    }

    fn is_wanted(&self) -> bool {
        let short = self.open() < self.min_size;
        !self.is_closed() && (short || self.counters.waiting.load(Ordering::Acquire) > 0)
    }

    async fn connect(&self) -> Result<M::Connection, Failure> {
        let Ok(_turn) = self.connecting.acquire().await else {
            return Err(Failure::GivenUp);
        };
        // bb8 approves one connection for each waiter; by now they may all have been served.
        if !self.is_wanted() {
            return Err(Failure::GivenUp);
        }
        let limit = self.context.connect_timeout();
        match timeout(limit, self.manager.connect()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Failure::Connect(Arc::new(error))),
            Err(_) => {
                let limit = humantime::format_duration(limit);
                let message = format!("a connection could not be opened within {limit}");
                Err(Failure::Connect(Arc::new(ConnectError::new(
                    ErrorKind::Timeout,
                    message,
                ))))
            }
        }
    }
}

struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Failures {
    fn last(&self) -> MutexGuard<'_, Option<Failure>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where `bb8` tells of failures, after it has made up its books.
#[derive(Debug)]
struct Sink(Arc<Failures>);

impl bb8::ErrorSink<Failure> for Sink {
    fn sink(&self, failure: Failure) {
        *self.0.last() = Some(failure);
        self.0.count.fetch_add(1, Ordering::AcqRel);
        self.0.told.notify_waiters();
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<Failure>> {
        Box::new(Self(Arc::clone(&self.0)))
    }
}

/// A connection with what the pool needs to know of it.
pub(super) struct Pooled<C> {
    pub(super) connection: C,
    /// A request is under way: whoever gets the connection next would read its answer.
    pub(super) busy: bool,
    condemned: bool,
    used_at: Instant,
    expires_at: Instant,
    _open: OpenCount,
}

impl<C> Pooled<C> {
    /// Has it closed instead of returned.
    pub(super) fn condemn(&mut self) {
        self.condemned = true;
    }

    pub(super) fn is_expired(&self) -> bool {
        Instant::now() >= self.expires_at
    }

    pub(super) fn idle_for(&self) -> Duration {
        self.used_at.elapsed()
    }
}

/// Counts an open connection for as long as it lives.
struct OpenCount(Arc<Counters>);

impl OpenCount {
    fn new(counters: &Arc<Counters>) -> Self {
        counters.created.fetch_add(1, Ordering::Relaxed);
        counters.open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(counters))
    }
}

impl Drop for OpenCount {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// `bb8`'s side.
pub(super) struct Glue<M>(Arc<Shared<M>>);

impl<M: Manage> Glue<M> {
    pub(super) fn new(shared: Arc<Shared<M>>) -> Self {
        Self(shared)
    }
}

impl<M: Manage> bb8::ManageConnection for Glue<M> {
    type Connection = Pooled<M::Connection>;
    type Error = Failure;

    async fn connect(&self) -> Result<Self::Connection, Failure> {
        let shared = Arc::clone(&self.0);
        // In a task of its own: a panic in the back end must not leave bb8's books wrong.
        let opened = tokio::spawn(async move { shared.connect().await }).await;
        let connection = opened.unwrap_or_else(|error| {
            if !error.is_panic() {
                return Err(Failure::GivenUp);
            }
            let error = ConnectError::new(ErrorKind::Other, "the back end panicked");
            Err(Failure::Connect(Arc::new(error)))
        })?;
        let now = Instant::now();
        Ok(Pooled {
            connection,
            busy: false,
            condemned: false,
            used_at: now,
            expires_at: now + less_a_tenth(self.0.context.pool().max_lifetime),
            _open: OpenCount::new(&self.0.counters),
        })
    }

    async fn is_valid(&self, _connection: &mut Self::Connection) -> Result<(), Failure> {
        // Never asked: the pool in front tests only what has been idle.
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Self::Connection) -> bool {
        pooled.used_at = Instant::now();
        pooled.busy
            || pooled.condemned
            || self.0.is_closed()
            || pooled.is_expired()
            || self.0.manager.is_broken(&mut pooled.connection)
    }
}

impl<M> fmt::Debug for Glue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Glue")
    }
}

/// `lifetime` less a random part of up to a tenth.
fn less_a_tenth(lifetime: Duration) -> Duration {
    // A new hasher's seed is random; its first bits serve as well as a generator's.
    let random = RandomState::new().build_hasher().finish() >> 48;
    let part = u32::try_from(random).unwrap_or(0);
    lifetime.mul_f64(1.0 - f64::from(part) / f64::from(u16::MAX) / 10.0)
}
