//! How connections are, as far as is known: the last check's outcome with its age, and who is to blame.
//!
//! Nothing here asks a server; the monitor and `check()` do.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::registry::ConnectionType;

/// How a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthStatus {
    /// It works.
    Up,
    /// It works, and something speaks against it: its last check failed, or a connection that it uses is down.
    Degraded,
    /// It does not work: it could not be opened, as many checks in a row failed as are allowed, or it is closed.
    Down,
    /// Nobody has opened it yet, or the last word is too old.
    Unknown,
}

impl HealthStatus {
    /// The status's stable name, as health reports and metrics show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of one connection's health at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The connection's name, as it was configured.
    pub connection: String,
    /// Its type.
    pub connection_type: ConnectionType,
    /// How it is.
    pub status: HealthStatus,
    /// Whether the service is unhealthy without it.
    pub required: bool,
    /// When it was last checked.
    pub checked_at: Option<SystemTime>,
    /// How old the last word is, be it a check or an attempt to open it.
    pub age: Option<Duration>,
    /// How long the last check took.
    pub latency: Option<Duration>,
    /// How many checks in a row have failed up to now.
    pub failed_checks: u32,
    /// Why it does not work, if it does not.
    pub last_error: Option<Error>,
    /// The connection that it uses and that is to blame: the last in the chain that does not work.
    pub caused_by: Option<String>,
}

impl fmt::Display for Health {
    /// One line: `search: down: … (caused by connection postgres)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.connection, self.status)?;
        if let Some(error) = &self.last_error {
            write!(f, ": {error}")?;
        }
        match &self.caused_by {
            Some(name) => write!(f, " (caused by connection {name})"),
            None => Ok(()),
        }
    }
}

/// How several connections are at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthReport {
    /// `Down` if a required one is down; `Degraded` if anything else speaks against any; else `Up`.
    pub status: HealthStatus,
    /// Each, in the order of configuration.
    pub connections: Vec<Health>,
}

impl HealthReport {
    pub(crate) fn of(connections: Vec<Health>) -> Self {
        let is = |status| move |health: &&Health| health.status == status;
        let mut down = connections.iter().filter(is(HealthStatus::Down));
        let status = if down.clone().any(|health| health.required) {
            HealthStatus::Down
        } else if down.next().is_some()
            || connections
                .iter()
                .any(|health| is(HealthStatus::Degraded)(&health))
        {
            HealthStatus::Degraded
        } else {
            HealthStatus::Up
        };
        Self {
            status,
            connections,
        }
    }
}
