//! Asking a server how many connections it takes.

use std::sync::Arc;

use tokio::time::timeout;

use super::opening::Asker;
use super::slot::AnySlot;
use crate::connection_limit::ConnectionLimit;
use crate::error::Error;

/// What is tried, for errors.
const ATTEMPTED: &str = "asking for the limit of connections";

impl dyn AnySlot {
    /// How many connections the server takes, if it says; opens the connection first if need be.
    pub(super) async fn connection_limit(
        self: &Arc<Self>,
    ) -> Result<Option<ConnectionLimit>, Error> {
        self.open(Asker::Explicit).await?;
        let core = self.core();
        let open = self.opened().ok_or_else(|| core.closed_error())?;
        let limit = core.context().policy().health_check.timeout;
        match timeout(limit, open.connection_limit()).await {
            Ok(told) => told.map_err(|error| core.error(error, ATTEMPTED)),
            Err(_) => Err(core.timeout_error("the server did not answer", ATTEMPTED, limit)),
        }
    }
}
