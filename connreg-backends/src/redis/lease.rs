//! An exclusive connection: for commands that block, and for `WATCH`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use ::redis::{Cmd, Pipeline, PushInfo, PushKind, RedisFuture, RedisResult, Value, cmd};
use connreg::pool::{Lease as PoolLease, Manage};
use connreg::{ConnectError, ErrorKind};
use tokio::time::timeout;

use super::dial::{At, Dialer, Opened};
use super::error::{Answer, OwnWord, classify, is_refused};
use super::link::Link;
use super::words::{Effect, effect, name};

/// Opens, tests and judges the exclusive connections of one pool.
pub(super) struct Manager(pub(super) Arc<Dialer>);

/// An exclusive connection and what was done to it.
pub(super) struct Exclusive {
    connection: Opened,
    /// The server's `host:port`.
    place: Arc<str>,
    /// A request went out whose answer nobody has read.
    in_flight: bool,
    standing: Standing,
    /// The server hung up while nothing was asked.
    has_ended: Arc<AtomicBool>,
}

/// What was done to a connection since it was opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    AsNew,
    Watches,
    /// In another state, which nothing here takes back.
    Changed,
    Dead,
}

impl Manage for Manager {
    type Connection = Exclusive;

    async fn connect(&self) -> Result<Exclusive, ConnectError> {
        let has_ended = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&has_ended);
        let pushed = move |pushed: PushInfo| {
            if pushed.kind == PushKind::Disconnection {
                ended.store(true, Ordering::Release);
            }
            Ok::<(), ()>(())
        };
        let At { place, connection } = self.0.open_exclusive(pushed).await?;
        Ok(Exclusive {
            connection,
            place,
            in_flight: false,
            standing: Standing::AsNew,
            has_ended,
        })
    }

    async fn test(&self, connection: &mut Exclusive) -> Result<(), ConnectError> {
        let ping = cmd("PING");
        let mut opened = connection.connection.clone();
        let answer = connection.request(ping.query_async::<()>(&mut opened));
        answer.await.map_err(|error| classify("PING", error))
    }

    fn is_broken(&self, connection: &mut Exclusive) -> bool {
        connection.in_flight
            || connection.standing != Standing::AsNew
            || connection.has_ended.load(Ordering::Acquire)
    }
}

impl Exclusive {
    /// Awaits an answer, so marked that a caller who goes away before it leaves a connection to be closed.
    async fn request<T>(&mut self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        self.in_flight = true;
        let outcome = answer.await;
        self.in_flight = false;
        if outcome
            .as_ref()
            .is_err_and(|error| error.is_unrecoverable_error() || error.is_io_error())
        {
            self.standing = Standing::Dead;
        }
        outcome
    }

    fn note(&mut self, effect: Effect) {
        self.standing = match (self.standing, effect) {
            (Standing::AsNew, Effect::Watches) => Standing::Watches,
            (Standing::Watches, Effect::Unwatches) => Standing::AsNew,
            (Standing::AsNew | Standing::Watches, Effect::ChangesState) => Standing::Changed,
            (before, _) => before,
        };
    }
}

/// An exclusive connection on loan; goes back to the pool when dropped.
///
/// Takes everything that [`redis::AsyncCommands`](::redis::AsyncCommands) has, blocking commands included: such a
/// command has its own time and `socket_timeout` on top, or all the time there is if its own is endless. One that
/// was left in another state than a new one (`WATCH`, `SELECT`, …), or dropped half-way through a request, is closed
/// rather than used again.
pub struct Lease {
    held: PoolLease<Manager>,
    /// Told when a write is refused here; `None`: a cluster finds its masters by itself.
    link: Option<Arc<Link>>,
    response_timeout: Duration,
    database: i64,
}

impl Lease {
    pub(super) fn new(lease: PoolLease<Manager>, dialer: &Dialer, link: Option<Arc<Link>>) -> Self {
        let (response_timeout, database) = (dialer.response_timeout, dialer.plan.database());
        Self {
            held: lease,
            link,
            response_timeout,
            database,
        }
    }

    /// Closes the connection instead of giving it back.
    pub fn discard(self) {
        self.held.discard();
    }

    fn ready(&self) -> RedisResult<()> {
        let word = if self.held.in_flight {
            "an earlier request on this lease was dropped before its answer came; take a new lease"
        } else if self.held.standing == Standing::Dead {
            "this lease's connection has ended; take a new lease"
        } else {
            return Ok(());
        };
        Err(OwnWord::new(ErrorKind::Closed, word).into_driver())
    }

    /// How long `effects` may take, `None` for ever.
    fn limit(&self, effects: impl IntoIterator<Item = Effect>) -> Option<Duration> {
        effects
            .into_iter()
            .try_fold(self.response_timeout, |limit, effect| match effect {
                Effect::Blocks(own) => Some(limit + own?),
                _ => Some(limit),
            })
    }

    async fn run<T: Answer>(
        &mut self,
        what: String,
        limit: Option<Duration>,
        answer: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        let answer = self.held.request(answer);
        let outcome = match limit {
            None => answer.await,
            Some(limit) => timeout(limit, answer).await.unwrap_or_else(|_| {
                // Still marked as in flight: the answer may come yet, and nobody may read it.
                let message = format!("{what} was not answered within {limit:?}");
                Err(std::io::Error::new(std::io::ErrorKind::TimedOut, message).into())
            }),
        };
        if let Some(link) = &self.link
            && is_refused(&outcome)
            // Of leases to a server that was left already, nobody needs to hear.
            && self.held.retire_pool()
        {
            link.write_refused(&self.held.place, None);
        }
        outcome
    }
}

impl ConnectionLike for Lease {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            self.ready()?;
            let effect = effect(command);
            self.held.note(effect);
            let limit = self.limit([effect]);
            let mut opened = self.held.connection.clone();
            self.run(name(command), limit, opened.req_packed_command(command))
                .await
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            self.ready()?;
            let limit = self.limit(pipeline.cmd_iter().map(effect));
            for command in pipeline.cmd_iter() {
                self.held.note(effect(command));
            }
            let mut opened = self.held.connection.clone();
            let answer = opened.req_packed_commands(pipeline, offset, count);
            let outcome = self.run("a pipeline".into(), limit, answer).await;
            // MULTI and EXEC of an atomic pipeline are the driver's own; EXEC ends all watching.
            if pipeline.is_transaction() && outcome.is_ok() {
                self.held.note(Effect::Unwatches);
            }
            outcome
        })
    }

    fn get_db(&self) -> i64 {
        self.database
    }
}

impl ConnectionLike for Opened {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Node(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Node(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Node(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lease({})", self.held.connection_name())
    }
}
