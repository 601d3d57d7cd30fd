//! Several servers behind one connection: which is the primary, which replica to read from, when to switch.
//!
//! For back ends. Nothing here does I/O: a back end looks at its servers when [`Topology::look_due`] says so, tells what
//! it saw, and asks where to go. `roles` has the rules of fail-over, `readers` those of choosing a replica, [`Preference`] those
//! of choosing among equals; all of them take the time as an argument, and [`Topology`] gives them a lock and a clock that
//! only goes forward.
//!
//! # Examples
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use connreg::topology::{ReadFrom, Role, Sighting, Topology, TopologySettings};
//!
//! # async fn look(_: &str) -> Result<(Role, Duration), connreg::ConnectError> { unimplemented!() }
//! # async fn example(context: &connreg::Context) -> Result<(), connreg::ConnectError> {
//! let hosts = ["db-1:5432", "db-2:5432"];
//! let topology = Topology::new(context, hosts, TopologySettings::default());
//! let looker = topology.clone();
//! tokio::spawn(async move {
//!     loop {
//!         looker.look_due().await; // every 30 s; every 100 ms after a change
//!         for host in hosts {
//!             match look(host).await {
//!                 Ok((role, took)) => drop(looker.saw(host, Sighting::new(role, took))),
//!                 Err(_) => looker.failed(host),
//!             }
//!         }
//!         looker.looked();
//!     }
//! });
//! let writes_go_to = topology.wait_for_primary().await?;
//! let reader = topology.reader(ReadFrom::PreferReplica)?;
//! let reads_go_to = reader.endpoint();
//! # let _ = (writes_go_to, reads_go_to);
//! # Ok(())
//! # }
//! ```

mod endpoint;
mod handle;
mod last_write;
#[cfg(test)]
mod model;
mod preference;
mod readers;
mod roles;
mod settings;

use std::time::Duration;

use connreg_macros::Settings;

pub use handle::{Reader, Topology};
pub use last_write::LastWrite;
pub use preference::Preference;
pub use settings::TopologySettings;

/// What a server is to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows the primary and takes reads only.
    Replica,
    /// Nobody has asked it yet, or it did not answer, or it refused a write that it should have taken.
    #[default]
    Unknown,
}

impl Role {
    /// The role's stable name, for messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where reads go that say they may go elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Settings)]
pub enum ReadFrom {
    /// To the primary.
    #[default]
    #[setting(alias = "master")]
    Primary,
    /// To a replica; to the primary while no replica is fit.
    #[setting(alias = "replica_preferred", alias = "prefer_standby")]
    PreferReplica,
    /// To a replica, never to the primary.
    #[setting(alias = "replica_only", alias = "standby")]
    Replica,
}

/// What one look at a server told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sighting {
    /// What it says it is.
    pub role: Role,
    /// How long it took to say so; zero if that was not measured.
    pub round_trip: Duration,
    /// How far a replica is behind, if that is known.
    pub lag: Option<Duration>,
}

impl Sighting {
    /// A server that said it is `role` after `round_trip`.
    pub const fn new(role: Role, round_trip: Duration) -> Self {
        Self {
            role,
            round_trip,
            lag: None,
        }
    }

    /// How far it is behind the primary.
    #[must_use]
    pub const fn with_lag(mut self, lag: Duration) -> Self {
        self.lag = Some(lag);
        self
    }
}
