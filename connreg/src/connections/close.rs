//! Closing all connections, dependents first, and the report of it.

use std::fmt;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::set::Set;
use crate::connection::{ClosedConnection, Closing};

/// How the closing of all connections went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloseReport {
    /// Each connection that was not closed already, in the order in which they were closed.
    pub connections: Vec<ClosedConnection>,
    /// How long it took in all.
    pub took: Duration,
}

impl CloseReport {
    /// Whether all that was under way came to its end.
    pub fn is_drained(&self) -> bool {
        self.connections.iter().all(|connection| connection.drained)
    }

    /// Those whose work was cut off.
    pub fn cut_off(&self) -> impl Iterator<Item = &ClosedConnection> {
        self.connections
            .iter()
            .filter(|connection| !connection.drained)
    }
}

impl fmt::Display for CloseReport {
    /// One line: how many were closed in what time, and what was cut off.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = Duration::from_millis(u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX));
        let took = humantime::format_duration(took);
        write!(f, "{} connections closed in {took}", self.connections.len())?;
        for (index, connection) in self.cut_off().enumerate() {
            let before = if index == 0 { "; cut off: " } else { ", " };
            write!(
                f,
                "{before}`{}` ({} under way)",
                connection.name, connection.cut_off
            )?;
        }
        Ok(())
    }
}

/// Closes the connections of `set` group by group; those of a group side by side, all within `limit`, else each within
/// its own time.
pub(super) async fn close(set: &Set, limit: Option<Duration>) -> CloseReport {
    let started = Instant::now();
    let mut connections = Vec::with_capacity(set.members.len());
    for group in set.order.dependents_first() {
        let mut closing = JoinSet::new();
        for index in group {
            let slot = &set.members[*index].slot;
            let own = slot.core().context().policy().close_timeout;
            if let Some(stopped) = slot.stop(Closing::Closed) {
                closing.spawn(stopped.end(started + limit.unwrap_or(own)));
            }
        }
        while let Some(closed) = closing.join_next().await {
            // A back end that panics while it closes has nothing more to close.
            connections.extend(closed.ok());
        }
    }
    CloseReport {
        connections,
        took: started.elapsed(),
    }
}
