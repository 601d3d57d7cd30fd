//! What a person configures.

use std::path::PathBuf;
use std::time::Duration;

use connreg::topology::{ReadFrom, TopologySettings};
use connreg::{Secret, Settings, connection};

use super::conninfo::{self, Mistake, Parameters};
use super::target::Target;

/// Postgres 12 or later, through a fair pool of connections with cached statements.
#[connection(
    type = "postgres",
    category = "db",
    aliases("postgresql", "pg"),
    validate = Postgres::validate
)]
pub struct Postgres {
    /// Host names or addresses, separated by commas, or a socket's directory; `localhost` unless given.
    #[setting(env = "PGHOST", alias = "server", example = "db.example.com")]
    pub host: Option<String>,
    /// The port; `5432` unless given.
    #[setting(env = "PGPORT", range = 1..=65535, example = "5432")]
    pub port: Option<u16>,
    /// The database. Required unless there is a connection string.
    #[setting(env = "PGDATABASE", alias = "dbname", example = "shop")]
    pub database: Option<String>,
    /// Who to log in as. Required unless there is a connection string.
    #[setting(env = "PGUSER", alias = "user", example = "shop")]
    pub username: Option<String>,
    /// The password, for servers that ask for one.
    #[setting(env = "PGPASSWORD")]
    pub password: Option<Secret>,
    /// Instead of all the above: a URL (`postgresql://user:password@host/database?sslmode=verify-full`) or `key=value` pairs, with libpq's parameters.
    #[setting(alias = "url", alias = "dsn")]
    pub connection_string: Option<Secret>,
    /// How the connection is protected; `verify-full` unless given, `prefer` on loopback and sockets.
    #[setting(env = "PGSSLMODE", example = "verify_full")]
    pub ssl_mode: Option<SslMode>,
    /// A PEM file with the certificates to trust; the system's unless given.
    #[setting(env = "PGSSLROOTCERT")]
    pub ssl_root_cert: Option<PathBuf>,
    /// A PEM file with the client's own certificate.
    #[setting(env = "PGSSLCERT")]
    pub ssl_cert: Option<PathBuf>,
    /// A PEM file with the client certificate's key.
    #[setting(env = "PGSSLKEY")]
    pub ssl_key: Option<PathBuf>,
    /// What the server's activity view and log call this program.
    #[setting(env = "PGAPPNAME")]
    pub application_name: Option<String>,
    /// What a server has to be. Unless given, of several hosts one that takes writes, and any if there is none.
    #[setting(env = "PGTARGETSESSIONATTRS", example = "read_write")]
    pub target_session_attrs: Option<TargetSessionAttrs>,
    /// How long callers wait for a server that takes writes, once there is none.
    #[setting(default = "5s", range = "0s..=10min")]
    pub failover_timeout: Duration,
    /// How often several servers are asked for their roles, and replicas how far behind they are, while all is well.
    #[setting(default = "30s", range = "100ms..=1h")]
    pub role_check_interval: Duration,
    /// Where `read()` goes; other than to the primary, several hosts are needed.
    #[setting(default)]
    pub read_from: ReadFrom,
    /// How far a replica may be behind the primary and still be read from.
    #[setting(default = "10s", range = "1ms..=24h")]
    pub max_replica_lag: Duration,
    /// How many prepared statements each connection keeps.
    #[setting(default = 1000, range = 0..=100_000)]
    pub statement_cache_size: usize,
    /// The server's settings for each session, as its command line takes them.
    #[setting(
        env = "PGOPTIONS",
        example = "-c statement_timeout=30s -c search_path=shop"
    )]
    pub options: Option<String>,
}

/// How a connection is protected, from not at all to in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Settings)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// No TLS unless the server insists.
    Allow,
    /// TLS if the server has it; no check of who it is.
    Prefer,
    /// TLS, no check of who the server is (with `ssl_root_cert`: as `verify-ca`).
    Require,
    /// TLS with a server that a trusted authority has signed for, whatever its name.
    VerifyCa,
    /// TLS with a server that a trusted authority has signed for under the host's name.
    VerifyFull,
}

/// What a server has to be, in libpq's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Settings)]
pub enum TargetSessionAttrs {
    /// Anything.
    Any,
    /// Open to writes.
    ReadWrite,
    /// Closed to writes.
    ReadOnly,
    /// No standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby if one answers, else anything.
    PreferStandby,
}

impl TargetSessionAttrs {
    pub(crate) const ALL: [Self; 6] = [
        Self::Any,
        Self::ReadWrite,
        Self::ReadOnly,
        Self::Primary,
        Self::Standby,
        Self::PreferStandby,
    ];

    /// As libpq writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        }
    }
}

impl SslMode {
    pub(crate) const WORDS: &str = "one of disable, allow, prefer, require, verify-ca, verify-full";

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Disable,
            Self::Allow,
            Self::Prefer,
            Self::Require,
            Self::VerifyCa,
            Self::VerifyFull,
        ];
        all.into_iter().find(|mode| mode.as_str() == word)
    }

    /// As libpq writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// Whether nothing is ever sent in the clear.
    pub(crate) fn needs_tls(self) -> bool {
        self >= Self::Require
    }
}

impl Postgres {
    fn validate(&self) -> Result<(), Mistake> {
        use TargetSessionAttrs as A;
        let target = self.target()?;
        if self.read_from == ReadFrom::Primary {
            return Ok(());
        }
        if target.places.len() < 2 {
            return Err(
                "`read_from` needs several hosts to choose from; list them in `host`".into(),
            );
        }
        match target.attributes {
            None | Some(A::ReadWrite | A::Primary) => Ok(()),
            Some(other) => Err(Mistake(format!(
                "`read_from` says where reads go, and `target_session_attrs: {}` where all goes; keep one of them",
                other.as_str()
            ))),
        }
    }

    /// What is to be known of several servers.
    pub(crate) fn topology(&self) -> TopologySettings {
        TopologySettings {
            failover_timeout: self.failover_timeout,
            look_interval: self.role_check_interval,
            max_replica_lag: Some(self.max_replica_lag),
            ..TopologySettings::default()
        }
    }

    /// What to open, out of either way of saying it.
    pub(crate) fn target(&self) -> Result<Target, Mistake> {
        let written = self.written();
        let Some(string) = &self.connection_string else {
            for name in ["database", "username"] {
                if !written.iter().any(|setting| setting.name == name) {
                    let message = format!(
                        "`{name}` is missing; set `database` and `username`, or `connection_string`"
                    );
                    return Err(Mistake(message));
                }
            }
            return Target::new(&parameters(written));
        };
        let mut all = conninfo::parse(string.expose())
            .map_err(|mistake| Mistake(format!("`connection_string`: {mistake}")))?;
        let clashing: Vec<_> = written
            .iter()
            .filter(|setting| setting.in_string_only || is_given(&all, setting.parameter))
            .filter(|setting| !setting.is_from_environment())
            .map(|setting| format!("`{}`", setting.name))
            .collect();
        if !clashing.is_empty() {
            let clashing = clashing.join(", ");
            return Err(Mistake(format!(
                "`connection_string` and {clashing} say the same thing twice; keep one of them"
            )));
        }
        let rest: Vec<_> = written
            .into_iter()
            .filter(|setting| !setting.in_string_only && !is_given(&all, setting.parameter))
            .collect();
        all.extend(parameters(rest));
        Target::new(&all).map_err(|mistake| Mistake(format!("`connection_string`: {mistake}")))
    }

    /// The settings that have a value.
    fn written(&self) -> Vec<Setting> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let text =
            |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let mode = self.ssl_mode.map(|mode| mode.as_str().to_owned());
        let port = self.port.map(|port| port.to_string());
        let attributes = self
            .target_session_attrs
            .map(|attributes| attributes.as_str().to_owned());
        [
            Setting::new("host", "host", "PGHOST", true, self.host.clone()),
            Setting::new("port", "port", "PGPORT", true, port),
            Setting::new(
                "database",
                "dbname",
                "PGDATABASE",
                true,
                self.database.clone(),
            ),
            Setting::new("username", "user", "PGUSER", true, self.username.clone()),
            // Platforms hand out the URL and the password apart.
            Setting::new(
                "password",
                "password",
                "PGPASSWORD",
                false,
                text(&self.password),
            ),
            Setting::new("ssl_mode", "sslmode", "PGSSLMODE", false, mode),
            Setting::new(
                "ssl_root_cert",
                "sslrootcert",
                "PGSSLROOTCERT",
                false,
                path(&self.ssl_root_cert),
            ),
            Setting::new(
                "ssl_cert",
                "sslcert",
                "PGSSLCERT",
                false,
                path(&self.ssl_cert),
            ),
            Setting::new("ssl_key", "sslkey", "PGSSLKEY", false, path(&self.ssl_key)),
            Setting::new(
                "application_name",
                "application_name",
                "PGAPPNAME",
                false,
                self.application_name.clone(),
            ),
            Setting::new(
                "options",
                "options",
                "PGOPTIONS",
                false,
                self.options.clone(),
            ),
            Setting::new(
                "target_session_attrs",
                "target_session_attrs",
                "PGTARGETSESSIONATTRS",
                false,
                attributes,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn is_given(parameters: &Parameters, key: &str) -> bool {
    parameters.iter().any(|(name, _)| name == key)
}

fn parameters(settings: Vec<Setting>) -> Parameters {
    settings
        .into_iter()
        .map(|setting| (setting.parameter.to_owned(), setting.value))
        .collect()
}

/// A setting with its value, beside the parameter that says the same in a connection string.
struct Setting {
    name: &'static str,
    parameter: &'static str,
    variable: &'static str,
    /// Whether a connection string leaves no room for it.
    in_string_only: bool,
    value: String,
}

impl Setting {
    fn new(
        name: &'static str,
        parameter: &'static str,
        variable: &'static str,
        in_string_only: bool,
        value: Option<String>,
    ) -> Option<Self> {
        let value = value.filter(|value| !value.is_empty())?;
        Some(Self {
            name,
            parameter,
            variable,
            in_string_only,
            value,
        })
    }

    /// `PGHOST` and its like are for whatever says nothing itself: a connection string outweighs them.
    fn is_from_environment(&self) -> bool {
        std::env::var(self.variable).is_ok_and(|value| value == self.value)
    }
}
