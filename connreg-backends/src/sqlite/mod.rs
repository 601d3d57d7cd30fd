//! SQLite, embedded: no server, one file or memory.
//!
//! The settings are here; `client` is what one works with, `worker` the thread that each connection has.

mod client;
mod error;
mod key_value;
mod manage;
mod open;
mod parameters;
mod row;
mod threads;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use connreg::capability::KeyValue;
use connreg::pool::PoolStatistics;
use connreg::{Backend, ConnectError, Context, ErrorKind, connection};

pub use client::Client;
pub use error::BoxError;
pub use parameters::{Bound, Named, Parameters};
pub use row::{Column, Row};
pub use rusqlite;

use open::{Place, Target};

/// SQLite in a file or in memory.
#[connection(
    type = "sqlite",
    category = "db",
    aliases("sqlite3"),
    provides(KeyValue)
)]
pub struct Sqlite {
    /// The database's file, made if missing; its directory must exist. `:memory:` is a database of this
    /// process, gone when the connection is closed.
    #[setting(example = "data/shop.db", alias = "database", alias = "filename")]
    pub path: PathBuf,
    /// Whether nothing may be written; the file must exist then.
    #[setting(default = false)]
    pub read_only: bool,
    /// Whether changes go to a write-ahead log first, so that readers and the writer don't wait for each other.
    #[setting(default = true)]
    pub wal: bool,
    /// Whether foreign keys are enforced.
    #[setting(default = true)]
    pub foreign_keys: bool,
    /// How long to wait while another connection writes.
    #[setting(default = "5s", range = "0s..=10min")]
    pub busy_timeout: Duration,
}

impl Backend for Sqlite {
    type Client = Client;

    const POOLED: bool = true;

    async fn connect(&self, context: &Context) -> Result<Client, ConnectError> {
        let place = Place::of(&self.path);
        if self.read_only && matches!(place, Place::Memory(_)) {
            let message = "a database in memory that is `read_only` would be empty forever";
            return Err(ConnectError::new(ErrorKind::Configuration, message)
                .with_help("take `read_only` away, or give `path` a file"));
        }
        let target = Target {
            place,
            read_only: self.read_only,
            wal: self.wal,
            foreign_keys: self.foreign_keys,
            busy_timeout: self.busy_timeout,
        };
        Client::open(target, context).await
    }

    async fn check(client: &Client) -> Result<(), ConnectError> {
        client.check().await
    }

    async fn close(client: &Client) {
        client.close().await;
    }

    fn statistics(client: &Client) -> Option<PoolStatistics> {
        Some(client.statistics())
    }
}
