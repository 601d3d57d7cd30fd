//! SQLite connections as the pool sees them.

use std::sync::Arc;

use connreg::ConnectError;
use connreg::pool::Manage;

use super::error::classify;
use super::threads::Threads;
use super::worker::Worker;

/// Opens, tests and judges the connections of one pool.
pub(super) struct Manager(pub(super) Arc<Threads>);

impl Manage for Manager {
    type Connection = Worker;

    async fn connect(&self) -> Result<Worker, ConnectError> {
        self.0.open().await
    }

    async fn test(&self, connection: &mut Worker) -> Result<(), ConnectError> {
        // The database's first page, which a statement without a table would not read.
        let read = |connection: &mut rusqlite::Connection| {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        };
        connection
            .run(read)
            .await?
            .map_err(|error| classify("reading the schema", error))
    }

    fn is_broken(&self, connection: &mut Worker) -> bool {
        connection.is_unusable()
    }
}
