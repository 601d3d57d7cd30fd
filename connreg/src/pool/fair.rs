//! The fair pool: first come, first served, and the connection used last goes out first.
//!
//! `bb8` keeps the connections. In front of it stands a FIFO semaphore, since with `bb8` alone the task that gives a
//! connection back takes it again before the woken waiter runs, and waiters starve.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::PoolStatistics;
use super::glue::{Failure, Glue, Shared};
use super::lease::Lease;
use crate::connection::DRAIN;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::policy::TestOnBorrow;

/// An unused connection is trusted for this long (pgx's figure).
const TRUSTED: Duration = Duration::from_secs(1);

/// How long a test before use may take.
const TEST_LIMIT: Duration = Duration::from_secs(1);

/// How soon a server that has no room for another connection is asked again.
const OVERLOAD_PAUSE: Duration = Duration::from_millis(100);

/// How often `bb8` looks for connections that have been idle for too long.
const REAPER_RATE: Duration = Duration::from_secs(30);

/// How connections of one kind are made and looked at.
pub trait Manage: Send + Sync + 'static {
    /// One exclusive connection.
    type Connection: Send + 'static;

    /// Opens one. Runs under `connect_timeout`, in a task of its own.
    ///
    /// # Errors
    ///
    /// What came back; all who wait for a connection are told at once.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, ConnectError>> + Send;

    /// Asks the server whether the connection works. Done for one that has been idle for over a second.
    ///
    /// # Errors
    ///
    /// What came back; the connection is closed and another one is taken.
    fn test(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// Whether it is known, without asking, that the connection can't be used again.
    fn is_broken(&self, connection: &mut Self::Connection) -> bool;
}

/// A fair pool of exclusive connections. Cheap to clone.
pub struct Pool<M: Manage> {
    connections: bb8::Pool<Glue<M>>,
    turns: Arc<Semaphore>,
    shared: Arc<Shared<M>>,
}

impl<M: Manage> Pool<M> {
    /// A pool with the sizes and time-outs of `context`. Opens nothing by itself but `min_size` in the background.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn new(manager: M, context: &Context) -> Self {
        let settings = context.pool();
        // bb8 panics on a setting that it does not like; none may come from a configuration file.
        let max_size = settings.max_size.max(1);
        let min_size = settings.min_size.min(max_size);
        let idle_timeout = settings.idle_timeout.max(Duration::from_millis(1));
        let shared = Arc::new(Shared::new(manager, context.clone(), max_size, min_size));
        let connections = bb8::Pool::builder()
            .max_size(max_size)
            .min_idle(min_size)
            .idle_timeout(idle_timeout)
            // Ours has a random part, which keeps connections opened together from ending together.
            .max_lifetime(None)
            .reaper_rate(REAPER_RATE.min(idle_timeout))
            .test_on_check_out(false)
            .retry_connection(false)
            .queue_strategy(bb8::QueueStrategy::Lifo)
            // Our own deadline comes first.
            .connection_timeout(settings.acquire_timeout + REAPER_RATE)
            .error_sink(shared.sink())
            .build_unchecked(Glue::new(Arc::clone(&shared)));
        Self {
            connections,
            turns: Arc::new(Semaphore::new(max_size as usize)),
            shared,
        }
    }

    /// An exclusive connection, given back when the lease is dropped.
    ///
    /// Callers are served in the order of asking. Dropping the future leaks nothing.
    ///
    /// # Errors
    ///
    /// Nothing became free within `acquire_timeout`, a new connection could not be opened, or the pool is closed.
    pub async fn acquire(&self) -> Result<Lease<M>, Error> {
        let started = Instant::now();
        let limit = self.shared.context.pool().acquire_timeout;
        self.shared
            .counters
            .requests
            .fetch_add(1, Ordering::Relaxed);
        let waiting = self.shared.wait();
        let acquired = timeout_at(started + limit, self.acquire_in_turn()).await;
        drop(waiting);
        self.shared.counters.waited(started.elapsed());
        acquired.unwrap_or_else(|_| Err(self.exhausted(limit)))
    }

    async fn acquire_in_turn(&self) -> Result<Lease<M>, Error> {
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else {
            return Err(self.closed());
        };
        loop {
            if self.shared.is_closed() {
                return Err(self.closed());
            }
            let failures = self.shared.failures();
            let mut failed = pin!(failures.notified());
            let seen = self.shared.failure_count();
            let got = tokio::select! {
                biased;
                got = self.connections.get_owned() => got.ok(),
                () = &mut failed => None,
            };
            let Some(mut connection) = got else {
                match self.shared.failure_since(seen) {
                    // While others hold connections, one may come back yet.
                    Some(Failure::Connect(error))
                        if error.kind() == ErrorKind::Overloaded && self.shared.open() > 0 =>
                    {
                        self.shared.one_returned(OVERLOAD_PAUSE).await;
                    }
                    Some(Failure::Connect(error)) => {
                        let name = Arc::clone(self.shared.context.name());
                        return Err(Error::from_shared(name, "acquire", error));
                    }
                    // An attempt was given up while nobody waited; ask for a new one.
                    Some(Failure::GivenUp) | None => {}
                }
                continue;
            };
            if self.is_usable(&mut connection).await {
                return Ok(Lease::new(connection, turn, Arc::clone(&self.shared)));
            }
            connection.condemn();
        }
    }

    /// Whether a connection from the pool can be handed out.
    async fn is_usable(&self, connection: &mut super::glue::Pooled<M::Connection>) -> bool {
        let manager = &self.shared.manager;
        if connection.is_expired() || manager.is_broken(&mut connection.connection) {
            return false;
        }
        let tested = match self.shared.context.pool().test_on_borrow {
            TestOnBorrow::Always => true,
            TestOnBorrow::Never => false,
            TestOnBorrow::Auto => connection.idle_for() > TRUSTED,
        };
        if !tested {
            return true;
        }
        // Until the answer is there, a dropped caller leaves a request under way.
        connection.busy = true;
        let answer = timeout(TEST_LIMIT, manager.test(&mut connection.connection)).await;
        let usable = matches!(answer, Ok(Ok(())));
        connection.busy = !usable;
        usable
    }

    /// The figures of this moment.
    pub fn statistics(&self) -> PoolStatistics {
        let state = self.connections.state();
        self.shared
            .statistics(state.connections, state.idle_connections)
    }

    /// Hands out nothing any more, waits up to 30 s for the leases, and closes what is idle.
    pub async fn close(&self) {
        self.shared.close();
        self.turns.close();
        // Past the deadline the leases are closed as they come back.
        let _ = timeout(DRAIN, self.shared.drained()).await;
        while self.connections.state().idle_connections > 0 {
            let Ok(Ok(mut connection)) = timeout(TEST_LIMIT, self.connections.get_owned()).await
            else {
                break;
            };
            connection.condemn();
        }
    }

    fn closed(&self) -> Error {
        let error = ConnectError::new(ErrorKind::Closed, "the pool was closed");
        self.shared.context.error(error, "acquire")
    }

    fn exhausted(&self, limit: Duration) -> Error {
        self.shared
            .counters
            .timeouts
            .fetch_add(1, Ordering::Relaxed);
        let s = self.statistics();
        let limit = humantime::format_duration(limit);
        let figures = format!(
            "{} of {} in use, {} idle, {} waiting",
            s.active, s.max_size, s.idle, s.waiting
        );
        let last = self.shared.last_connect_error();
        let error = if s.active >= s.max_size {
            let message = format!("no connection became free within {limit}: {figures}");
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
        self.shared.context.error(error, "acquire")
    }
}

impl<M: Manage> Clone for Pool<M> {
    fn clone(&self) -> Self {
        Self {
            connections: self.connections.clone(),
            turns: Arc::clone(&self.turns),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<M: Manage> fmt::Debug for Pool<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Pool({}, {:?})",
            self.shared.context.name(),
            self.statistics()
        )
    }
}
