//! How all connections are at one moment.

use crate::connection::ConnectionInfo;

/// How all connections are at one moment, as far as is known without asking any server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// How many connections are configured.
    pub registered: usize,
    /// How many of them work, or have not been opened yet.
    pub available: usize,
    /// How many of them are known not to work, or are closed.
    pub unavailable: usize,
    /// What is known of each, in the order of configuration.
    pub details: Vec<ConnectionInfo>,
}

impl Status {
    pub(super) fn of(details: Vec<ConnectionInfo>) -> Self {
        let available = details
            .iter()
            .filter(|info| info.state.is_available())
            .count();
        Self {
            registered: details.len(),
            available,
            unavailable: details.len() - available,
            details,
        }
    }
}
