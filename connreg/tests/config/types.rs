//! Connection types with every kind of setting, to be configured and never opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use connreg::{
    Backend, ByteSize, ConnectError, ConnectionRef, Context, Jitter, RetryStrategy, Secret,
    Settings, Url, connection,
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

unopened! { Checked Mem Pgvector Confluence Jira Search Cloud Store Archive }

/// A relational database.
#[connection(type = "pg", category = "db", aliases("postgresql"))]
pub(crate) struct Pg {
    /// Where it listens.
    #[setting(default = "localhost", env = "PGHOST")]
    pub(crate) host: String,
    /// The port.
    #[setting(default = 5432, range = 1..=65535)]
    pub(crate) port: u16,
    /// The database.
    #[setting(example = "shop")]
    pub(crate) database: String,
    /// What it lets in.
    #[setting(env = "PGPASSWORD")]
    pub(crate) password: Option<Secret>,
    /// How it is encrypted.
    #[setting(default)]
    pub(crate) tls: Tls,
    /// Replicas.
    #[setting(default)]
    pub(crate) replicas: Vec<String>,
    /// Set at the start of each session; names are the server's own.
    #[setting(default)]
    pub(crate) options: BTreeMap<String, String>,
    /// How long a statement may take.
    pub(crate) statement_timeout: Option<Duration>,
}

/// What a client was told beside its settings.
pub(crate) struct Told {
    pub(crate) max_size: u32,
    pub(crate) min_size: u32,
    pub(crate) max_attempts: u32,
    pub(crate) base_delay: Duration,
    pub(crate) strategy: RetryStrategy,
    pub(crate) jitter: Jitter,
    pub(crate) connect_timeout: Duration,
    pub(crate) operation_timeout: Option<Duration>,
    pub(crate) monitored: bool,
}

impl Backend for Pg {
    type Client = Told;

    const POOLED: bool = true;

    async fn connect(&self, context: &Context) -> Result<Told, ConnectError> {
        let policy = context.policy();
        Ok(Told {
            max_size: policy.pool.max_size,
            min_size: policy.pool.min_size,
            max_attempts: policy.retry.max_attempts,
            base_delay: policy.retry.base_delay,
            strategy: policy.retry.strategy,
            jitter: policy.retry.jitter,
            connect_timeout: policy.connect_timeout,
            operation_timeout: policy.operation_timeout,
            monitored: policy.health_check.enabled,
        })
    }

    async fn check(_client: &Told) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// Encryption.
#[derive(Settings)]
pub(crate) struct Tls {
    /// How strict.
    #[setting(default)]
    pub(crate) mode: Mode,
    /// Whom to trust.
    pub(crate) ca: Option<PathBuf>,
    /// What unlocks the key.
    pub(crate) passphrase: Option<Secret>,
}

/// How strict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub(crate) enum Mode {
    /// Not at all.
    #[default]
    Off,
    /// Very.
    VerifyFull,
}

/// A map in memory.
#[connection(type = "mem", category = "db")]
pub(crate) struct Mem {
    /// How much fits.
    #[setting(default = "64 MiB")]
    pub(crate) limit: ByteSize,
    /// How often it is written.
    #[setting(default = 1.0, range = 0.0..=1.0)]
    pub(crate) ratio: f64,
    /// Whether it is.
    #[setting(default = false)]
    pub(crate) durable: bool,
    /// What unlocks it.
    pub(crate) pin: Option<Secret>,
    /// A connection string.
    pub(crate) connection_string: Option<Secret>,
}

/// Vectors in a relational database.
#[connection(type = "pgvector", category = "vector")]
pub(crate) struct Pgvector {
    /// Where the vectors are.
    pub(crate) base: ConnectionRef<Pg>,
    /// Its neighbour.
    pub(crate) next: Option<ConnectionRef<Pgvector>>,
}

/// A wiki.
#[connection(
    type = "confluence",
    category = "external",
    section = "external.atlassian"
)]
pub(crate) struct Confluence {
    /// The site.
    pub(crate) url: Url,
    /// Who asks.
    pub(crate) token: Option<Secret>,
    /// The space.
    pub(crate) space: Option<String>,
}

/// Tickets.
#[connection(type = "jira", category = "external", section = "external.atlassian")]
pub(crate) struct Jira {
    /// The site.
    pub(crate) url: Url,
    /// Who asks.
    pub(crate) token: Option<Secret>,
    /// The project.
    pub(crate) project: Option<String>,
}

/// Full text.
#[connection(
    type = "finder",
    category = "search",
    section("search.finder", "db.finder")
)]
pub(crate) struct Search {
    /// Nodes.
    #[setting(min_len = 1)]
    pub(crate) hosts: Vec<Url>,
}

/// What checks of a type's own say.
#[connection(type = "checked", category = "db", validate = Checked::fits)]
pub(crate) struct Checked {
    /// Who.
    #[setting(one_of = ["reader", "writer"])]
    pub(crate) role: Option<String>,
    /// With what.
    #[setting(validate = long_enough)]
    pub(crate) password: Option<Secret>,
    /// Anything.
    #[setting(serde, default)]
    pub(crate) shape: Option<BTreeMap<String, u8>>,
    /// Words.
    #[setting(secret, default)]
    pub(crate) headers: BTreeMap<String, u16>,
}

impl Checked {
    fn fits(&self) -> Result<(), String> {
        match (&self.role, &self.password) {
            (Some(_), Some(password)) => Err(format!("{} is not for a role", password.expose())),
            (Some(_), None) => Err("a role needs a password".to_owned()),
            _ => Ok(()),
        }
    }
}

#[expect(
    clippy::ref_option,
    reason = "a check is given the setting as it is declared"
)]
fn long_enough(password: &Option<Secret>) -> Result<(), String> {
    match password {
        Some(password) if password.expose().len() < 6 => {
            Err(format!("{} is too short", password.expose()))
        }
        _ => Ok(()),
    }
}

/// A region.
#[connection(type = "cloud", category = "external", section = "cloud")]
pub(crate) struct Cloud {
    /// Which.
    pub(crate) region: String,
}

/// Objects.
#[connection(type = "store", category = "external", section = "cloud.store")]
pub(crate) struct Store {
    /// Where they are.
    pub(crate) bucket: String,
}

/// Old objects.
#[connection(
    type = "archiver",
    category = "external",
    section = "cloud.store.archive"
)]
pub(crate) struct Archive {
    /// How cold.
    pub(crate) tier: String,
}
