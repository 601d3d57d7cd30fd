//! The fair pool: first come, first served, and the connection used last goes out first.
//!
//! `bb8` keeps the connections. In front of it stands a FIFO semaphore, since with `bb8` alone the task that gives a
//! connection back takes it again before the woken waiter runs, and waiters starve.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

use super::checks::Checks;
use super::closing::CloseReason;
use super::event::{PoolEvent, Told};
use super::glue::{Failures, Glue, Sink};
use super::holds::Holder;
use super::home::at_home;
use super::lease::Lease;
use super::outage::OVERLOAD_PAUSE;
use super::pooled::{CLOSE_LIMIT, Open, Pooled};
use super::shared::{Failure, Shared, closed};
use super::{Manage, PoolBuilder, PoolStatistics, upkeep};
use crate::connection::DRAIN;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::policy::{PoolSettings, TestOnBorrow};

/// An unused connection is trusted for this long (pgx's figure).
const TRUSTED: Duration = Duration::from_secs(1);

/// How long a test may take.
pub(super) const TEST_LIMIT: Duration = Duration::from_secs(1);

/// How soon a caller looks again when the last connection there may be is being opened for the pool itself.
const ROOM_PAUSE: Duration = Duration::from_millis(20);

/// How long `warm_up` waits.
const WARM_UP_LIMIT: Duration = Duration::from_secs(30);

/// How often callers that waited for long are told of at the most.
const SLOW_ACQUIRE_PAUSE: Duration = Duration::from_secs(10);

/// A fair pool of exclusive connections. Cheap to clone.
///
/// # Examples
///
/// ```
/// use std::fs::File;
/// use std::time::Duration;
///
/// use connreg::pool::{Manage, Pool};
/// use connreg::{ConnectError, ErrorKind};
///
/// /// Opens a device, which only one task at a time may talk to.
/// struct Device(&'static str);
///
/// impl Manage for Device {
///     type Connection = File;
///
///     async fn connect(&self) -> Result<File, ConnectError> {
///         File::open(self.0).map_err(|error| ConnectError::from_io("opening the device", error))
///     }
///
///     async fn test(&self, device: &mut File) -> Result<(), ConnectError> {
///         match device.metadata() {
///             Ok(_) => Ok(()),
///             Err(error) => Err(ConnectError::from_io("asking the device", error)),
///         }
///     }
///
///     fn is_broken(&self, _device: &mut File) -> bool {
///         false
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let pool = Pool::builder("plotter", Device("/there/is/no/plotter"))
///     .max_size(2)
///     .acquire_timeout(Duration::from_secs(1))
///     .build();
/// let error = pool.acquire().await.unwrap_err();
/// assert_eq!(error.connection(), Some("plotter"));
/// assert_eq!(error.kind(), ErrorKind::Refused);
/// assert_eq!(pool.statistics().requests, 1);
/// # }
/// ```
pub struct Pool<M: Manage>(Arc<Inner<M>>);

pub(super) struct Inner<M: Manage> {
    pub(super) connections: bb8::Pool<Glue<M>>,
    pub(super) turns: Arc<Semaphore>,
    pub(super) shared: Arc<Shared<M>>,
    pub(super) checks: Checks<M>,
    failures: Arc<Failures>,
    told_of_slowness: Mutex<Option<Instant>>,
}

impl<M: Manage> Pool<M> {
    /// A pool with the sizes and time-outs of `context`. Opens nothing by itself but `min_size` in the background.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn new(manager: M, context: &Context) -> Self {
        PoolBuilder::of(manager, context).build()
    }

    /// A pool that is set up in code; its errors bear `name`.
    pub fn builder(name: impl Into<Arc<str>>, manager: M) -> PoolBuilder<M> {
        PoolBuilder::new(manager, name.into())
    }

    pub(super) fn from_parts(
        manager: M,
        name: Arc<str>,
        settings: PoolSettings,
        connect_timeout: Duration,
        told: Told,
    ) -> Self {
        let max_size = settings.max_size;
        let (acquire_timeout, failures) = (settings.acquire_timeout, Arc::<Failures>::default());
        let shared = Arc::new(Shared::new(manager, name, settings, connect_timeout, told));
        let connections = bb8::Pool::builder()
            .max_size(max_size)
            // The smallest size, idle time-outs and lifetimes are the upkeep's: bb8's smallest size counts idle
            // connections only, so that a burst would open more, and its clock can't be paused in tests.
            .idle_timeout(None)
            .max_lifetime(None)
            .test_on_check_out(false)
            .retry_connection(false)
            .queue_strategy(bb8::QueueStrategy::Lifo)
            // Our own deadline comes first.
            .connection_timeout(acquire_timeout.saturating_add(DRAIN))
            .error_sink(Box::new(Sink(Arc::clone(&failures))))
            .build_unchecked(Glue(Arc::clone(&shared)));
        let inner = Arc::new(Inner {
            connections,
            turns: Arc::new(Semaphore::new(max_size as usize)),
            shared,
            checks: Checks::new(),
            failures,
            told_of_slowness: Mutex::default(),
        });
        upkeep::spawn(&inner);
        Self(inner)
    }

    /// An exclusive connection, given back when the lease is dropped.
    ///
    /// Callers are served in the order of asking. Dropping the future leaks nothing. Where it was called is
    /// remembered: who holds a connection for too long is named in warnings and in the errors of those who wait.
    ///
    /// # Errors
    ///
    /// Nothing became free within `acquire_timeout`, a new connection could not be opened, or the pool is closed. While
    /// the server is known to be down and no connection is free, that is told at once.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Lease<M>, Error>> + Send + '_ {
        self.acquire_at(Location::caller())
    }

    /// As [`acquire`](Self::acquire), for a caller that is named in place of the code that calls this.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_at(&self, place: &'static Location<'static>) -> Result<Lease<M>, Error> {
        let shared = &self.0.shared;
        let started = Instant::now();
        let limit = shared.settings.acquire_timeout;
        let asking = shared.ask();
        shared.emit(|| PoolEvent::AcquireStarted);
        let acquired = timeout_at(started + limit, self.0.acquire_in_turn(place)).await;
        drop(asking);
        let waited = started.elapsed();
        shared.waits.record(waited);
        let acquired = acquired.unwrap_or_else(|_| Err(self.0.exhausted(limit)));
        match &acquired {
            Ok(lease) => {
                let slow = shared.settings.slow_acquire_warning;
                if waited >= slow && !slow.is_zero() {
                    self.0.was_slow(waited, place);
                }
                let id = lease.id();
                shared.emit(|| PoolEvent::Acquired { id, waited });
            }
            Err(error) => {
                let kind = error.kind();
                shared.emit(|| PoolEvent::AcquireFailed { kind, waited });
            }
        }
        acquired
    }

    /// Waits until `min_size` connections are open, for 30 s at the most.
    ///
    /// They are opened in the background in any case, up to `max_connecting` each second.
    ///
    /// # Errors
    ///
    /// One could not be opened, or it took too long.
    pub async fn warm_up(&self) -> Result<(), Error> {
        let shared = &self.0.shared;
        match timeout(WARM_UP_LIMIT, shared.warm()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::from_shared(
                Arc::clone(&shared.name),
                "warm up",
                error,
            )),
            Err(_) => {
                let message = format!(
                    "{} of {} connections were open after {}",
                    shared.open_count(),
                    shared.settings.min_size,
                    humantime::format_duration(WARM_UP_LIMIT)
                );
                Err(ConnectError::new(ErrorKind::Timeout, message)
                    .for_connection(Arc::clone(&shared.name), "warm up"))
            }
        }
    }

    /// Has all connections closed that are open now: idle ones at once, others when they come back.
    ///
    /// For a server that has changed its role, its address or its credentials. A server that was known to be down, or
    /// that had refused a credential, is tried again.
    pub fn retire(&self) {
        self.0.shared.outage.forget();
        self.0.shared.retire();
    }

    /// Lets callers wait, each up to its own deadline, until [`resume`](Self::resume). For planned switch-overs.
    pub fn suspend(&self) {
        self.0.shared.suspend();
    }

    /// Serves callers again, in the order of asking.
    pub fn resume(&self) {
        self.0.shared.resume();
    }

    /// Asks the server whether it answers, on a connection beside those that are lent: it takes none from callers, waits
    /// for none, and if it hangs holds up nobody.
    ///
    /// The connection is opened when it is first needed, asked by [`Manage::test`], kept, opened anew when it has ended,
    /// was [retired](Self::retire) or has reached `max_lifetime`, and closed with the pool. While the server is known to
    /// be down a new one is tried, and if it can be opened callers are served at once. A credential that was refused is
    /// tried by checks no more often than by callers. A server that has no room for another connection is asked on an
    /// idle one.
    ///
    /// This is what [`Backend::check`](crate::Backend::check) of a pooled client is. Checks take turns; each part takes
    /// up to `connect_timeout`, and whoever wants an answer sooner drops the future.
    ///
    /// # Errors
    ///
    /// The server could not be reached, or did not answer well, or the pool is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use connreg::pool::{Manage, Pool};
    /// # use connreg::{ConnectError, ErrorKind};
    /// # struct Nowhere;
    /// # impl Manage for Nowhere {
    /// #     type Connection = ();
    /// #     async fn connect(&self) -> Result<(), ConnectError> { Ok(()) }
    /// #     async fn test(&self, _: &mut ()) -> Result<(), ConnectError> { Ok(()) }
    /// #     fn is_broken(&self, _: &mut ()) -> bool { false }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), ConnectError> {
    /// let pool = Pool::builder("plotter", Nowhere).max_size(1).build();
    /// let in_use = pool.acquire().await.unwrap();
    /// pool.check().await?;
    /// assert_eq!((pool.statistics().total, pool.statistics().checking), (1, 1));
    /// # drop(in_use);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn check(&self) -> Result<(), ConnectError> {
        self.0.check().await
    }

    /// Puts a connection into the pool that is open already: the one that has shown that the settings work. A pool that
    /// is full closes it.
    pub fn adopt(&self, connection: M::Connection) {
        let shared = &self.0.shared;
        let Some(room) = shared.room() else {
            drop(Open::new(
                connection,
                shared.generation(),
                Instant::now(),
                shared,
            ));
            return;
        };
        let (id, generation) = (shared.next_id(), shared.generation());
        shared.emit(|| PoolEvent::Opening { id });
        let pooled = Pooled::new(connection, id, generation, room, shared);
        let took = Duration::ZERO;
        shared.emit(|| PoolEvent::Opened { id, took });
        if let Err(mut pooled) = self.0.try_add(pooled) {
            pooled.doomed.get_or_insert(CloseReason::Idle);
        }
    }

    /// Says that the server answers on a connection that was opened elsewhere: who asks next is not told of an earlier
    /// failure but tries. A credential that was refused is tried no earlier for that; call [`retire`](Self::retire) when
    /// it has been mended on the server.
    pub fn server_is_back(&self) {
        self.0.shared.outage.answers();
    }

    /// The figures of this moment.
    pub fn statistics(&self) -> PoolStatistics {
        self.0.shared.statistics()
    }

    /// Hands out nothing any more, closes what is idle, and waits up to 30 s for the leases.
    pub async fn close(&self) {
        let inner = &self.0;
        let was_open = inner.shared.close();
        inner.turns.close();
        inner.failures.told.notify_waiters();
        inner.sweep();
        if was_open {
            inner.shared.emit(|| PoolEvent::PoolClosed);
        }
        // Past the deadline the leases are closed as they come back.
        let _ = timeout(DRAIN, inner.shared.drained()).await;
        // What does not end by then ends by itself.
        let _ = timeout(CLOSE_LIMIT, async {
            inner.checks.close().await;
            inner.shared.all_closed().await;
        })
        .await;
    }
}

impl<M: Manage> Inner<M> {
    async fn acquire_in_turn(
        self: &Arc<Self>,
        place: &'static Location<'static>,
    ) -> Result<Lease<M>, Error> {
        let shared = &self.shared;
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else {
            return Err(self.closed());
        };
        loop {
            if shared.is_suspended() {
                shared.served().await;
            }
            if shared.is_closed() {
                return Err(self.closed());
            }
            // From before the attempt, so that none is missed that comes back during it.
            let returned = shared.one_returned();
            let mut failed = pin!(self.failures.told.notified());
            let seen = self.failures.count();
            if shared.outage.is_down()
                && self.connections.state().idle_connections == 0
                && let Some(error) = self.known_failure()
            {
                return Err(Error::from_shared(
                    Arc::clone(&shared.name),
                    "acquire",
                    error,
                ));
            }
            let got = tokio::select! {
                biased;
                got = at_home(&shared.runtime, self.connections.get_owned()) => got.ok(),
                () = &mut failed => None,
            };
            let Some(mut connection) = got else {
                match self.failures.since(seen) {
                    // Whoever suspends a pool expects the server to go.
                    Some(Failure::Connect(_)) if shared.is_suspended() => {}
                    // While others hold connections, one may come back yet.
                    Some(Failure::Connect(error))
                        if error.kind() == ErrorKind::Overloaded && shared.open_count() > 0 =>
                    {
                        let pause = error.retry_after().unwrap_or(OVERLOAD_PAUSE);
                        // Either way it looks again.
                        let _ = timeout(pause, returned).await;
                    }
                    Some(Failure::Connect(error)) => {
                        upkeep::probe(self);
                        let name = Arc::clone(&shared.name);
                        return Err(Error::from_shared(name, "acquire", error));
                    }
                    Some(Failure::NoRoom) => drop(timeout(ROOM_PAUSE, returned).await),
                    // An attempt was given up while nobody waited; ask for a new one.
                    Some(Failure::GivenUp) | None => {}
                }
                continue;
            };
            // Suspended while the connection was opened or tested: it is kept, and its caller waits on.
            if self.is_usable(&mut connection).await && !shared.is_suspended() {
                return Ok(Lease::new(connection, turn, Arc::clone(shared), place));
            }
        }
    }

    /// Why no connection can be opened, unless this caller is to find out whether one can.
    fn known_failure(self: &Arc<Self>) -> Option<Arc<ConnectError>> {
        let version = self.shared.manager.credential_version();
        let trial = self.shared.connect_timeout;
        let known = self.shared.outage.ask(version, trial)?;
        upkeep::probe(self);
        Some(known)
    }

    /// Whether a connection from the pool can be handed out; if not, it is not used again.
    async fn is_usable(&self, connection: &mut Pooled<M>) -> bool {
        if !self.can_stay(connection) {
            return false;
        }
        let is_tested = match self.shared.settings.test_on_borrow {
            TestOnBorrow::Always => true,
            TestOnBorrow::Never => false,
            TestOnBorrow::Auto => connection.unproven_for() > TRUSTED,
        };
        // It may have been retired while the server was asked.
        !is_tested || (self.passes_test(connection).await && connection.is_fit())
    }

    /// Asks the server. One that does not answer well is not used again.
    pub(super) async fn passes_test(&self, connection: &mut Pooled<M>) -> bool {
        // Until the answer is there, a dropped caller leaves a request under way.
        connection.busy = true;
        let test = self.shared.manager.test(connection.open.get_mut());
        let passed = matches!(timeout(TEST_LIMIT, test).await, Ok(Ok(())));
        connection.busy = false;
        if passed {
            connection.tested_at = Instant::now();
        } else {
            connection.doomed = Some(CloseReason::TestFailed);
        }
        passed
    }

    fn closed(&self) -> Error {
        self.shared.error(closed())
    }

    fn was_slow(&self, waited: Duration, place: &'static Location<'static>) {
        let now = Instant::now();
        {
            let mut told = self
                .told_of_slowness
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if told.is_some_and(|told| now.saturating_duration_since(told) < SLOW_ACQUIRE_PAUSE) {
                return;
            }
            *told = Some(now);
        }
        let s = self.shared.statistics();
        warn!(
            connection = &*self.shared.name,
            place = %place,
            waited_ms = waited.as_millis(),
            active = s.active,
            max_size = s.max_size,
            waiting = s.waiting,
            "a caller waited long for a connection of the pool"
        );
    }

    fn exhausted(&self, limit: Duration) -> Error {
        let shared = &self.shared;
        if shared.is_closed() {
            return self.closed();
        }
        shared.timed_out();
        let s = shared.statistics();
        let limit = humantime::format_duration(limit);
        let figures = format!(
            "{} of {} in use, {} open, {} idle, {} waiting",
            s.active, s.max_size, s.total, s.idle, s.waiting
        );
        let last = shared.outage.last();
        let error = if shared.is_suspended() {
            let message = format!("the pool was suspended for all of {limit}: {figures}");
            ConnectError::new(ErrorKind::Timeout, message).with_help(
                "resume it, or raise `pool.acquire_timeout` above the switch-over's time",
            )
        } else if s.active >= s.max_size {
            let message = format!(
                "no connection became free within {limit}: {figures}{}",
                held_longest(&shared.holders())
            );
            ConnectError::new(ErrorKind::Overloaded, message).with_help(
                "look for leases that are held too long, or raise `pool.max_size` or \
                 `pool.acquire_timeout`",
            )
        } else {
            let message = format!("no connection could be opened within {limit}: {figures}");
            // A server that has no room is no slow one.
            let is_full = last
                .as_ref()
                .is_some_and(|last| last.kind() == ErrorKind::Overloaded);
            let kind = if is_full {
                ErrorKind::Overloaded
            } else {
                ErrorKind::Timeout
            };
            ConnectError::new(kind, message)
        };
        let error = match last {
            Some(last) => error.with_source(last),
            None => error,
        };
        shared.error(error)
    }
}

fn held_longest(holders: &[Holder]) -> String {
    let holders: Vec<_> = holders.iter().map(ToString::to_string).collect();
    if holders.is_empty() {
        return String::new();
    }
    format!("; held longest: {}", holders.join(", "))
}

impl<M: Manage> Drop for Inner<M> {
    fn drop(&mut self) {
        // The upkeep sees that the pool has gone.
        self.shared.upkeep.notify_one();
    }
}

impl<M: Manage> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Manage> fmt::Debug for Pool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({}, {:?})", self.0.shared.name, self.statistics())
    }
}
