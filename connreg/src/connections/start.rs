//! Opening at the start: side by side, the required ones waited for.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::connection::AnyConnection;
use crate::error::Error;

/// How long the required connections are waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// Opens `connections`; an optional one goes on by itself, its failure is its own state and log line.
pub(super) async fn open(connections: Vec<AnyConnection>) -> Result<(), Error> {
    let deadline = Instant::now() + LIMIT;
    let mut required = JoinSet::new();
    for connection in connections {
        if connection.is_required() {
            required.spawn(async move {
                let opened = timeout_at(deadline, connection.open()).await;
                opened.unwrap_or_else(|_| Err(connection.start_timed_out(LIMIT)))
            });
        } else {
            tokio::spawn(async move { connection.open().await });
        }
    }
    let mut errors = Vec::new();
    while let Some(opened) = required.join_next().await {
        if let Ok(Err(error)) = opened {
            errors.push(error);
        }
    }
    Error::several(errors)
}
