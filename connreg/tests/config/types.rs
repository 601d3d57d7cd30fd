//! Connection types with every kind of setting, to be configured and never opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use connreg::{
    Backend, ByteSize, ConnectError, ConnectionRef, Context, Secret, Settings, Url, connection,
};

/// Opening does nothing: these tests are about what is read.
macro_rules! unopened {
    ($($type:ty)*) => {$(
        impl Backend for $type {
            type Client = ();

            async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
                Ok(())
            }

            async fn check(_client: &()) -> Result<(), ConnectError> {
                Ok(())
            }
        }
    )*};
}

unopened! { Mem Pgvector Confluence Jira Search }

/// A relational database.
#[connection(type = "pg", category = "db", aliases("postgresql"))]
pub struct Pg {
    /// Where it listens.
    #[setting(default = "localhost", env = "PGHOST")]
    pub host: String,
    /// The port.
    #[setting(default = 5432, range = 1..=65535)]
    pub port: u16,
    /// The database.
    #[setting(example = "shop")]
    pub database: String,
    /// What it lets in.
    #[setting(env = "PGPASSWORD")]
    pub password: Option<Secret>,
    /// How it is encrypted.
    #[setting(default)]
    pub tls: Tls,
    /// Replicas.
    #[setting(default)]
    pub replicas: Vec<String>,
    /// Set at the start of each session; names are the server's own.
    #[setting(default)]
    pub options: BTreeMap<String, String>,
    /// How long a statement may take.
    pub statement_timeout: Option<Duration>,
}

impl Backend for Pg {
    type Client = ();

    const POOLED: bool = true;

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// Encryption.
#[derive(Settings)]
pub struct Tls {
    /// How strict.
    #[setting(default)]
    pub mode: Mode,
    /// Whom to trust.
    pub ca: Option<PathBuf>,
    /// What unlocks the key.
    pub passphrase: Option<Secret>,
}

/// How strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub enum Mode {
    /// Not at all.
    #[default]
    Off,
    /// Very.
    VerifyFull,
}

/// A map in memory.
#[connection(type = "mem", category = "db")]
pub struct Mem {
    /// How much fits.
    #[setting(default = "64 MiB")]
    pub limit: ByteSize,
    /// How often it is written.
    #[setting(default = 1.0, range = 0.0..=1.0)]
    pub ratio: f64,
    /// Whether it is.
    #[setting(default = false)]
    pub durable: bool,
    /// What unlocks it.
    pub pin: Option<Secret>,
    /// A connection string.
    pub connection_string: Option<Secret>,
}

/// Vectors in a relational database.
#[connection(type = "pgvector", category = "vector")]
pub struct Pgvector {
    /// Where the vectors are.
    pub base: ConnectionRef<Pg>,
    /// Its neighbour.
    pub next: Option<ConnectionRef<Pgvector>>,
}

/// A wiki.
#[connection(
    type = "confluence",
    category = "external",
    section = "external.atlassian"
)]
pub struct Confluence {
    /// The site.
    pub url: Url,
    /// Who asks.
    pub token: Option<Secret>,
    /// The space.
    pub space: Option<String>,
}

/// Tickets.
#[connection(type = "jira", category = "external", section = "external.atlassian")]
pub struct Jira {
    /// The site.
    pub url: Url,
    /// Who asks.
    pub token: Option<Secret>,
    /// The project.
    pub project: Option<String>,
}

/// Full text.
#[connection(
    type = "finder",
    category = "search",
    section("search.finder", "db.finder")
)]
pub struct Search {
    /// Nodes.
    #[setting(min_len = 1)]
    pub hosts: Vec<Url>,
}
