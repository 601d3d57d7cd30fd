//! What an open Redis connection is used through.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{FromRedisValue, Pipeline, RedisError, RedisResult, ToRedisArgs, cmd};
use connreg::pool::{Pool, PoolStatistics};
use connreg::topology::{ReadFrom, Topology, TopologySettings};
use connreg::{ConnectError, ConnectionLimit, Context, Error, ErrorKind};
use tracing::warn;

use super::Redis;
use super::address::{self, Plan};
use super::commands::{Commands, Shared};
use super::dial::Dialer;
use super::error::classify;
use super::failover::Search;
use super::lease::{Lease, Manager};
use super::limit;
use super::link::{Link, Purpose};
use super::read::ReadYourWrites;
use super::replicas::Replicas;
use super::subscription::{Kind, Subscription};
use super::watch::Watch;

/// How often a transaction is tried whose keys others change meanwhile.
const TRANSACTION_ATTEMPTS: u32 = 64;

/// Sentinels have yet to say where anybody is.
const NOBODY: [&str; 0] = [];

/// One shared connection for ordinary commands, and a pool of exclusive ones beside it.
///
/// # Examples
///
/// ```no_run
/// use connreg_backends::redis::Client;
/// use connreg_backends::redis::driver::{AsyncCommands, RedisResult};
///
/// async fn visits(redis: &Client) -> RedisResult<u64> {
///     let mut commands = redis.commands();
///     let () = commands.set_ex("seen", "today", 60).await?;
///     commands.incr("visits", 1).await
/// }
/// ```
pub struct Client {
    pub(super) context: Context,
    dialer: Arc<Dialer>,
    shared: Shared,
    /// The same, or what leads to replicas.
    reading: Shared,
    pool: Pool<Manager>,
    /// Listens to sentinels.
    watch: Option<Watch>,
}

impl Client {
    pub(super) async fn open(settings: &Redis, context: &Context) -> Result<Self, ConnectError> {
        let (plan, socket_timeout) = (address::plan(settings)?, settings.socket_timeout);
        if plan.is_insecure() {
            warn!(
                connection = &**context.name(),
                "any certificate is accepted: whoever stands between can read and change everything"
            );
        }
        let response_timeout = context.operation_timeout().map_or(socket_timeout, |limit| {
            // The shorter one counts for single commands.
            limit.min(socket_timeout)
        });
        let dialer = Arc::new(Dialer::new(
            plan,
            context.connect_timeout(),
            response_timeout,
        ));
        let (shared, reading) = Self::open_shared(settings, context, &dialer).await?;
        let pool = Pool::new(Manager(Arc::clone(&dialer)), context);
        let watch = match &shared {
            Shared::Node(link) => {
                let _ = link.pool.set(pool.clone());
                Watch::begin(link)
            }
            _ => None,
        };
        let client = Self {
            context: context.clone(),
            dialer,
            shared,
            reading,
            pool,
            watch,
        };
        // A wrong user is found here: without `AUTH` the handshake itself asks for nothing.
        client.check().await?;
        Ok(client)
    }

    /// What commands go through, and what reads do.
    async fn open_shared(
        settings: &Redis,
        context: &Context,
        dialer: &Arc<Dialer>,
    ) -> Result<(Shared, Shared), ConnectError> {
        let from = settings.read_from;
        let topology = match &dialer.plan {
            Plan::Cluster { .. } => {
                let limit = Some(dialer.response_timeout);
                let main = dialer.open_cluster(limit, ReadFrom::Primary).await?;
                let shared = Shared::Cluster(main.clone());
                if from == ReadFrom::Primary {
                    return Ok((shared.clone(), shared));
                }
                let reads = dialer.open_cluster(limit, from).await?;
                return Ok((shared, Shared::ClusterReplicas { reads, main }));
            }
            Plan::Single(_) => {
                let purpose = Purpose::Single(Search::default());
                let link = Link::open(context, Arc::clone(dialer), purpose).await?;
                return Ok((Shared::Node(Arc::clone(&link)), Shared::Node(link)));
            }
            Plan::Sentinel(_) => {
                let numbers = TopologySettings {
                    max_replica_lag: Some(settings.max_replica_lag),
                    // Sentinels agree before they say so, and they don't go back and forth.
                    switch_pause: Duration::ZERO,
                    ..TopologySettings::default()
                };
                Topology::new(context, NOBODY, numbers)
            }
        };
        let purpose = Purpose::Master(topology.clone());
        let link = Link::open(context, Arc::clone(dialer), purpose).await?;
        let reading = if from == ReadFrom::Primary {
            Shared::Node(Arc::clone(&link))
        } else {
            Shared::Replicas(Replicas::new(Arc::clone(&link), topology, from))
        };
        Ok((Shared::Node(link), reading))
    }

    /// The handle for ordinary commands. Cheap; take one wherever it is needed.
    pub fn commands(&self) -> Commands {
        self.commands_through(&self.shared)
    }

    /// The handle for reads, which go where the setting `read_from` says: to a replica, or to the master. Opens nothing
    /// before the first of them.
    ///
    /// A write is refused by a replica; don't send one. What the driver's commands read is for the caller to know.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn name(redis: &connreg_backends::redis::Client) -> connreg_backends::redis::driver::RedisResult<()> {
    /// use connreg_backends::redis::driver::AsyncCommands;
    ///
    /// let name: Option<String> = redis.read().get("user:7:name").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(&self) -> Commands {
        self.commands_through(&self.reading)
    }

    /// As [`read`](Self::read), for somebody who writes as well: after a write, reads go to the master for 2 s, so that what
    /// was written is seen. One for each user or request; clones remember the same writes.
    pub fn read_your_writes(&self) -> ReadYourWrites {
        ReadYourWrites::new(self.commands(), self.read())
    }

    fn commands_through(&self, shared: &Shared) -> Commands {
        Commands::new(shared.clone(), self.dialer.plan.database())
    }

    /// An exclusive connection, for what can't share one: `BLPOP` and its like, `WATCH`, `SELECT`.
    ///
    /// # Errors
    ///
    /// None became free within `pool.acquire_timeout`, or a new one could not be opened.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Lease, Error>> + Send + '_ {
        let place = Location::caller();
        async move {
            let lease = self.pool.acquire_at(place).await?;
            let link = match &self.shared {
                Shared::Node(link) => Some(Arc::clone(link)),
                _ => None,
            };
            Ok(Lease::new(lease, &self.dialer, link))
        }
    }

    /// Has all exclusive connections closed that are open now: idle ones at once, others when they come back. A credential
    /// that was refused too often is tried again.
    pub fn retire(&self) {
        if let Shared::Node(link) = &self.shared {
            link.try_again();
        }
        self.pool.retire();
    }

    /// Lets callers wait for an exclusive connection, up to `pool.acquire_timeout`, until [`resume`](Self::resume).
    pub fn suspend(&self) {
        self.pool.suspend();
    }

    /// Serves callers again, in the order of asking.
    pub fn resume(&self) {
        self.pool.resume();
    }

    /// Runs `fill` until nobody changed `keys` between its start and the execution of what it put into the
    /// pipeline (`WATCH`, `MULTI`, `EXEC`). It may read through the lease, and is run again after a conflict.
    ///
    /// In a cluster, all keys must be in one slot (`{tag}`).
    ///
    /// # Errors
    ///
    /// What Redis or `fill` says, or that others changed the keys each time.
    pub async fn transaction<T, K, F>(&self, keys: &[K], mut fill: F) -> Result<T, Error>
    where
        T: FromRedisValue,
        K: ToRedisArgs + Sync,
        F: AsyncFnMut(&mut Lease, &mut Pipeline) -> RedisResult<()>,
    {
        const ATTEMPTED: &str = "transaction";
        let failed = |error| self.error(ATTEMPTED, error);
        for _ in 0..TRANSACTION_ATTEMPTS {
            // Whatever ends early leaves a lease that watches, and is therefore closed.
            let mut lease = self.acquire().await?;
            cmd("WATCH")
                .arg(keys)
                .exec_async(&mut lease)
                .await
                .map_err(failed)?;
            let mut pipeline = ::redis::pipe();
            pipeline.atomic();
            fill(&mut lease, &mut pipeline).await.map_err(failed)?;
            let done: Option<T> = pipeline.query_async(&mut lease).await.map_err(failed)?;
            if let Some(result) = done {
                return Ok(result);
            }
        }
        let message = format!("others changed the keys each of {TRANSACTION_ATTEMPTS} times");
        let error = ConnectError::new(ErrorKind::Overloaded, message)
            .with_help("watch fewer keys, or do it in a script");
        Err(self.context.error(error, ATTEMPTED))
    }

    /// The messages of `channels`, through lost connections.
    ///
    /// # Errors
    ///
    /// The server could not be reached, or refused. Later losses are mended by themselves.
    pub async fn subscribe(&self, channels: &[&str]) -> Result<Subscription, Error> {
        self.listen(Kind::Channels, "subscribe", channels).await
    }

    /// The messages of all channels that match `patterns`, through lost connections.
    ///
    /// # Errors
    ///
    /// As [`subscribe`](Self::subscribe).
    pub async fn psubscribe(&self, patterns: &[&str]) -> Result<Subscription, Error> {
        self.listen(Kind::Patterns, "psubscribe", patterns).await
    }

    /// The figures of the pool of exclusive connections.
    pub fn statistics(&self) -> PoolStatistics {
        self.pool.statistics()
    }

    /// A driver's error as connreg's: classified, with the connection's name and what was tried.
    pub fn error(&self, attempted: &'static str, error: RedisError) -> Error {
        self.context
            .error(classify("the command", error), attempted)
    }

    pub(super) async fn check(&self) -> Result<(), ConnectError> {
        let ping = cmd("PING");
        let answer = ping.query_async::<()>(&mut self.commands()).await;
        match answer {
            // A user who may not ask this was let in, and got an answer.
            Err(error) if error.code() == Some("NOPERM") => {}
            answer => answer.map_err(|error| classify("PING", error))?,
        }
        // The shared connection is none of the pool's, so that no caller is in its way.
        self.pool.server_is_back();
        Ok(())
    }

    pub(super) async fn connection_limit(&self) -> Result<Option<ConnectionLimit>, ConnectError> {
        // Each node of a cluster has a limit of its own.
        if matches!(self.shared, Shared::Cluster(_)) {
            return Ok(None);
        }
        limit::ask(&mut self.commands()).await
    }

    pub(super) async fn close(&self) {
        if let Shared::Node(link) = &self.shared {
            link.close();
        }
        if let Some(watch) = &self.watch {
            watch.end();
        }
        if let Shared::Replicas(replicas) = &self.reading {
            replicas.close();
        }
        self.pool.close().await;
    }

    async fn listen(
        &self,
        kind: Kind,
        attempted: &'static str,
        channels: &[&str],
    ) -> Result<Subscription, Error> {
        let channels = channels.iter().map(|&channel| channel.to_owned()).collect();
        Subscription::open(
            Arc::clone(self.context.name()),
            Arc::clone(&self.dialer),
            kind,
            channels,
        )
        .await
        .map_err(|error| self.context.error(error, attempted))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("name", self.context.name())
            .field("place", &self.dialer.plan.place())
            .finish_non_exhaustive()
    }
}
