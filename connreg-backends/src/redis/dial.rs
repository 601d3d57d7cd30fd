//! Opening connections: to the server, to whatever the sentinels call the master, or to a cluster.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::aio::{AsyncPushSender, MultiplexedConnection, PubSub};
use ::redis::cluster::ClusterClientBuilder;
use ::redis::cluster_async::ClusterConnection;
use ::redis::cluster_read_routing::RoundRobinReplicaStrategy;
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind as DriverKind,
    ProtocolVersion, RedisError, RedisResult,
};
use connreg::topology::ReadFrom;
use connreg::{ConnectError, ErrorKind};
use tokio::time::timeout;

use super::address::Plan;
use super::error::classify;
use super::resolver::Resolver;
use super::{farewell, sentinel};

/// How often a cluster's connection is sent elsewhere before a request fails.
const REDIRECTS: u32 = 5;

/// Opens connections of one plan.
pub(super) struct Dialer {
    pub(super) plan: Plan,
    /// How long opening may take in all.
    pub(super) connect_timeout: Duration,
    /// How long an answer may take.
    pub(super) response_timeout: Duration,
    /// Set once a server has turned out to know RESP2 only.
    is_old: AtomicBool,
}

/// An open connection.
#[derive(Clone)]
pub(super) enum Opened {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A connection, and the `host:port` that it leads to.
pub(super) struct At<T> {
    pub(super) place: Arc<str>,
    pub(super) connection: T,
}

impl Dialer {
    pub(super) fn new(plan: Plan, connect_timeout: Duration, response_timeout: Duration) -> Self {
        if plan.uses_tls() {
            // rustls takes the program's provider; where it chose none, or linked two, ours.
            let _chosen_before = rustls::crypto::ring::default_provider().install_default();
        }
        Self {
            plan,
            connect_timeout,
            response_timeout,
            is_old: AtomicBool::new(false),
        }
    }

    /// A connection for many callers at a time: answers have the response time-out, and `pushed` hears of its end.
    pub(super) async fn open_shared(
        &self,
        pushed: impl AsyncPushSender,
    ) -> Result<At<MultiplexedConnection>, ConnectError> {
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(self.response_timeout))
            .set_push_sender(pushed);
        self.in_time(self.open_node(&config)).await
    }

    /// A connection for one caller, who keeps the time; `pushed` hears of its end, except in a cluster.
    pub(super) async fn open_exclusive(
        &self,
        pushed: impl AsyncPushSender,
    ) -> Result<At<Opened>, ConnectError> {
        if matches!(self.plan, Plan::Cluster { .. }) {
            let cluster = self.open_cluster(None, ReadFrom::Primary).await?;
            return Ok(At {
                place: Arc::from(self.plan.place()),
                connection: Opened::Cluster(cluster),
            });
        }
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_push_sender(pushed);
        let At { place, connection } = self.in_time(self.open_node(&config)).await?;
        Ok(At {
            place,
            connection: Opened::Node(connection),
        })
    }

    /// A connection that finds the node for each key, and reconnects by itself. Unless it is to read from masters, reads go
    /// to replicas in turn, and to the master of keys that have no replica.
    pub(super) async fn open_cluster(
        &self,
        response_timeout: Option<Duration>,
        from: ReadFrom,
    ) -> Result<ClusterConnection, ConnectError> {
        let Plan::Cluster {
            nodes,
            certificates,
        } = &self.plan
        else {
            return Err(ConnectError::new(
                ErrorKind::Configuration,
                "this is no cluster",
            ));
        };
        let mut builder = ClusterClientBuilder::new(nodes.clone())
            .connection_timeout(self.connect_timeout)
            .async_dns_resolver(self.resolver())
            .tcp_settings(super::address::tcp_settings())
            .retries(REDIRECTS)
            .min_retry_wait(20)
            .max_retry_wait(250)
            .max_connection_attempts(NonZeroUsize::MIN);
        if let Some(certificates) = certificates {
            builder = builder.certs(certificates.clone());
        }
        if from != ReadFrom::Primary {
            builder = builder.read_routing_strategy(RoundRobinReplicaStrategy::new());
        }
        builder = match response_timeout {
            Some(limit) => builder
                .response_timeout(limit)
                .overall_response_timeout(Some(limit)),
            None => builder
                .response_timeout(Duration::from_hours(24))
                .overall_response_timeout(None),
        };
        let client = builder.build().map_err(|error| self.failed(error))?;
        let open = async {
            client
                .get_async_connection()
                .await
                .map_err(|error| self.failed(error))
        };
        self.in_time(open).await
    }

    /// A connection for messages.
    pub(super) async fn open_pubsub(&self) -> Result<PubSub, ConnectError> {
        let open = async {
            let candidates = match &self.plan {
                Plan::Single(info) => vec![info.clone()],
                Plan::Sentinel(group) => vec![sentinel::master(group).await?],
                // A message goes to all nodes of a cluster, so any of them will do.
                Plan::Cluster { nodes, .. } => nodes.clone(),
            };
            let mut failed = None;
            for info in self.resolved(candidates).await {
                let attempted = format!("connecting to {}", info.addr());
                let open = |info| async move { Client::open(info)?.get_async_pubsub().await };
                match self.with_either_protocol(info, open).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => failed = Some(classify(&attempted, error)),
                }
            }
            Err(failed.unwrap_or_else(|| ConnectError::new(ErrorKind::Configuration, "no address")))
        };
        self.in_time(open).await
    }

    /// The same places by their addresses, for what the driver gives no resolver to. Those with TLS stay as they are: their
    /// names are what the certificate is checked against, and the driver looks them up itself.
    async fn resolved(&self, places: Vec<ConnectionInfo>) -> Vec<ConnectionInfo> {
        let mut resolved = Vec::new();
        for info in places {
            let ConnectionAddr::Tcp(host, port) = info.addr() else {
                resolved.push(info);
                continue;
            };
            match connreg::resolve(host, *port, self.connect_timeout).await {
                Ok(found) => resolved.extend(found.into_iter().map(|address| {
                    let place = ConnectionAddr::Tcp(address.ip().to_string(), address.port());
                    info.clone().set_addr(place)
                })),
                // Connecting to it says why.
                Err(_) => resolved.push(info),
            }
        }
        resolved
    }

    async fn open_node(
        &self,
        config: &AsyncConnectionConfig,
    ) -> Result<At<MultiplexedConnection>, ConnectError> {
        let (info, must_be_master) = match &self.plan {
            Plan::Single(info) => (info.clone(), false),
            Plan::Sentinel(group) => (sentinel::master(group).await?, true),
            Plan::Cluster { .. } => {
                return Err(ConnectError::new(
                    ErrorKind::Configuration,
                    "a cluster has no one node",
                ));
            }
        };
        let attempted = format!("connecting to {}", info.addr());
        let config = config
            .clone()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_dns_resolver(self.resolver());
        let open = |info| {
            let config = config.clone();
            async move {
                Client::open(info)?
                    .get_multiplexed_async_connection_with_config(&config)
                    .await
            }
        };
        let address = info.addr().clone();
        let mut connection = match self.with_either_protocol(info, open).await {
            Ok(connection) => connection,
            Err(error) => {
                let error = classify(&attempted, error);
                return Err(farewell::explain(&attempted, error, &address).await);
            }
        };
        if must_be_master {
            sentinel::prove_master(&attempted, &mut connection, self.response_timeout).await?;
        }
        Ok(At {
            place: Arc::from(address.to_string()),
            connection,
        })
    }

    /// Tries RESP3, and RESP2 from the first server on that does not know it.
    async fn with_either_protocol<T, F>(
        &self,
        info: ConnectionInfo,
        open: impl Fn(ConnectionInfo) -> F,
    ) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if !self.is_old.load(Ordering::Relaxed) {
            let outcome = open(info.clone()).await;
            match &outcome {
                Err(error) if error.kind() == DriverKind::RESP3NotSupported => {
                    self.is_old.store(true, Ordering::Relaxed);
                }
                _ => return outcome,
            }
        }
        let older = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        open(info.set_redis_settings(older)).await
    }

    async fn in_time<T>(
        &self,
        open: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        timeout(self.connect_timeout, open)
            .await
            .unwrap_or_else(|_| {
                let (place, limit) = (self.plan.place(), self.connect_timeout);
                let message = format!("connecting to {place} did not end within {limit:?}");
                Err(ConnectError::new(ErrorKind::Timeout, message))
            })
    }

    fn resolver(&self) -> Resolver {
        // It ends before connecting does, so that it can say what was wrong.
        Resolver(self.connect_timeout / 4 * 3)
    }

    fn failed(&self, error: RedisError) -> ConnectError {
        classify(&format!("connecting to {}", self.plan.place()), error)
    }
}
