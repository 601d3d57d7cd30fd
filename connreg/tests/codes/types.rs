//! The connection types that the examples are written for; none is ever opened.

use std::collections::BTreeMap;
use std::time::Duration;

use connreg::{Backend, ConnectError, ConnectionRef, Context, Secret, Settings, Url, connection};

macro_rules! unopened {
    ($($type:ty: $pooled:literal,)*) => {$(
        impl Backend for $type {
            type Client = ();

            const POOLED: bool = $pooled;

            async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
                Ok(())
            }

            async fn check(_client: &()) -> Result<(), ConnectError> {
                Ok(())
            }
        }
    )*};
}

unopened! { Postgres: true, Redis: false, Pgvector: false, Confluence: false, Jira: false, }

/// A relational database.
#[connection(type = "postgres", category = "db", validate = Postgres::fits)]
pub(crate) struct Postgres {
    /// Where it listens.
    #[setting(default = "localhost")]
    pub(crate) host: String,
    /// The port.
    #[setting(default = 5432, range = 1..=65535)]
    pub(crate) port: u16,
    /// The database.
    #[setting(min_len = 1, validate = without_spaces)]
    pub(crate) database: String,
    /// Who asks.
    pub(crate) username: Option<String>,
    /// With which password.
    pub(crate) password: Option<Secret>,
    /// How it is encrypted.
    #[setting(default)]
    pub(crate) tls: Tls,
    /// Set at the start of each session.
    #[setting(default)]
    pub(crate) options: BTreeMap<String, String>,
    /// How long a statement may take.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Postgres {
    fn fits(&self) -> Result<(), String> {
        match (&self.username, &self.password) {
            (None, Some(_)) => Err("a password needs a user name".to_owned()),
            _ => Ok(()),
        }
    }
}

fn without_spaces(database: &str) -> Result<(), String> {
    if database.contains(' ') {
        return Err("a database's name has no spaces".to_owned());
    }
    Ok(())
}

/// Encryption.
#[derive(Settings)]
pub(crate) struct Tls {
    /// How strict.
    #[setting(default)]
    pub(crate) mode: Mode,
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

/// Keys and values.
#[connection(type = "redis", category = "db")]
pub(crate) struct Redis {
    /// Where it listens.
    #[setting(default = "localhost")]
    pub(crate) host: String,
    /// The same.
    #[setting(deprecated = "use `host`")]
    pub(crate) server: Option<String>,
}

/// Vectors in a relational database.
#[connection(type = "pgvector", category = "vector")]
pub(crate) struct Pgvector {
    /// Where the vectors are.
    pub(crate) base: ConnectionRef<Postgres>,
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
    /// The space.
    pub(crate) space: Option<String>,
}

/// Tickets.
#[connection(type = "jira", category = "external", section = "external.atlassian")]
pub(crate) struct Jira {
    /// The site.
    pub(crate) url: Url,
    /// The project.
    pub(crate) project: Option<String>,
}
