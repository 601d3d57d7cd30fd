//! Redis and Valkey: a single server, a group watched by sentinels, or a cluster.
//!
//! The settings are here. `address` turns them into places to connect to and `dial` connects; `link` is the
//! connection that all ordinary commands share, `lease` an exclusive one, [`Client`] what hands out both.

mod address;
mod client;
mod commands;
mod dial;
mod error;
mod failover;
mod farewell;
mod key_value;
mod lease;
mod limit;
mod link;
mod read;
mod replicas;
mod resolver;
mod sentinel;
mod subscription;
mod url;
mod watch;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use connreg::capability::KeyValue;
use connreg::pool::PoolStatistics;
use connreg::topology::ReadFrom;
use connreg::{
    Backend, ConnectError, ConnectionLimit, Context, PoolSettings, Secret, Settings, connection,
};

/// The crate whose commands a [`Commands`] and a [`Lease`] take.
pub use ::redis as driver;

pub use client::Client;
pub use commands::Commands;
pub use error::classify;
pub use lease::Lease;
pub use read::ReadYourWrites;
pub use subscription::{Event, Subscription};

/// Redis or Valkey: a single server, a group watched by sentinels, or a cluster.
#[connection(type = "redis", category = "db", aliases("valkey"), provides(KeyValue))]
pub struct Redis {
    /// The server's host.
    #[setting(default = "localhost", env = "REDIS_HOST")]
    pub host: String,
    /// The server's port.
    #[setting(default = 6379, range = 1..=65535, env = "REDIS_PORT")]
    pub port: u16,
    /// The user of the server's access control list; without it, `default`.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The number of the database.
    #[setting(default = 0, alias = "db")]
    pub database: u32,
    /// How long an answer may take. A command that blocks in the server has its own time beside it.
    #[setting(default = "5s", range = "1ms..=10min")]
    pub socket_timeout: Duration,
    /// Whether to use TLS.
    #[setting(default = false, alias = "tls")]
    pub ssl: bool,
    /// A file with the certificates (PEM) of the authorities to trust in place of the system's.
    #[setting(alias = "ssl_ca_certs")]
    pub ssl_ca: Option<PathBuf>,
    /// A file with the client's own certificate chain (PEM).
    #[setting(alias = "ssl_certfile")]
    pub ssl_certificate: Option<PathBuf>,
    /// A file with the client's own key (PEM).
    #[setting(alias = "ssl_keyfile")]
    pub ssl_key: Option<PathBuf>,
    /// Whether any server's certificate is accepted, whoever made it. Whoever can stand between can read and change all.
    #[setting(default = false)]
    pub ssl_insecure_accept_any_certificate: bool,
    /// In place of host, port and the rest: `redis://user:password@host:6379/0`, `rediss://…` for TLS,
    /// `unix:///path/redis.sock?db=0`, or `host:port`, also with `,password=…,user=…,ssl=true,defaultDatabase=0`.
    #[setting(alias = "connection_string", env = "REDIS_URL")]
    pub url: Option<Secret>,
    /// What stands at the addresses.
    #[setting(default)]
    pub mode: Mode,
    /// The sentinels (port 26379 unless said) or the cluster's first nodes (port 6379 unless said), as `host:port`.
    #[setting(default, alias = "sentinels")]
    pub nodes: Vec<String>,
    /// What the sentinels call the group.
    #[setting(alias = "service_name", example = "mymaster")]
    pub master_name: Option<String>,
    /// Where `read()` goes; other than to the master, `mode: sentinel` or `mode: cluster` is needed.
    #[setting(default)]
    pub read_from: ReadFrom,
    /// How far a replica of a sentinel's group may be behind the master and still be read from.
    #[setting(default = "10s", range = "1s..=24h")]
    pub max_replica_lag: Duration,
    /// The user for the sentinels themselves.
    pub sentinel_username: Option<String>,
    /// The password for the sentinels themselves.
    pub sentinel_password: Option<Secret>,
}

/// What stands at the addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub enum Mode {
    /// One server.
    #[default]
    #[setting(alias = "standalone")]
    Single,
    /// Sentinels, which tell where the master of a group is.
    Sentinel,
    /// The nodes of a cluster.
    Cluster,
}

impl Backend for Redis {
    type Client = Client;

    const POOLED: bool = true;

    async fn connect(&self, context: &Context) -> Result<Client, ConnectError> {
        Client::open(self, context).await
    }

    async fn check(client: &Client) -> Result<(), ConnectError> {
        client.check().await
    }

    async fn close(client: &Client) {
        client.close().await;
    }

    fn server(&self) -> Option<String> {
        address::plan(self).ok().map(|plan| plan.place())
    }

    fn most_connections(&self, pool: &PoolSettings) -> u32 {
        // The shared one stands beside the pool.
        pool.max_size.saturating_add(1)
    }

    async fn connection_limit(client: &Client) -> Result<Option<ConnectionLimit>, ConnectError> {
        client.connection_limit().await
    }

    fn statistics(client: &Client) -> Option<PoolStatistics> {
        Some(client.statistics())
    }
}
