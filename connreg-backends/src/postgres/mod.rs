//! Postgres: settings, a fair pool of sessions with cached statements, transactions, `LISTEN` and `COPY`.
//!
//! Built on `tokio-postgres`, whose types for rows, parameters and errors are used as they are; enable its `with-…`
//! features to use `chrono`, `uuid`, `serde_json` and so on as parameters and columns.

mod client;
mod connect;
mod conninfo;
mod copy_in;
mod effect;
mod error;
mod executor;
mod hold;
mod identifier;
mod lag;
mod lease;
mod limit;
mod listen;
mod looker;
mod manager;
mod passfile;
mod place;
mod read;
mod reading;
mod rows;
mod servers;
mod session;
mod settings;
mod statements;
mod stream;
mod target;
mod transaction;
mod words;

use connreg::pool::PoolStatistics;
use connreg::topology::ReadFrom;
use connreg::{Backend, ConnectError, ConnectionLimit, Context, PoolSettings};

pub use client::Client;
pub use copy_in::CopyIn;
pub use error::{db_error, sql_state};
pub use executor::Executor;
pub use identifier::quote_identifier;
pub use lease::Lease;
pub use listen::{Gap, Heard, Notifications};
pub use read::{ReadYourWrites, Reader};
pub use settings::{Postgres, SslMode, TargetSessionAttrs};
pub use stream::{CopyOut, RowStream};
pub use transaction::{Transaction, TransactionBuilder};

pub use tokio_postgres;
pub use tokio_postgres::error::{DbError, SqlState};
pub use tokio_postgres::{IsolationLevel, Notification, Row, SimpleQueryMessage, types};

impl Backend for Postgres {
    type Client = Client;

    const POOLED: bool = true;

    async fn connect(&self, context: &Context) -> Result<Client, ConnectError> {
        Client::open(self, context).await
    }

    async fn check(client: &Client) -> Result<(), ConnectError> {
        client.check().await
    }

    async fn close(client: &Client) {
        client.close().await;
    }

    fn server(&self) -> Option<String> {
        let places = self.target().ok()?.places;
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        Some(places.join(","))
    }

    fn most_connections(&self, pool: &PoolSettings) -> u32 {
        let has_several = self.target().is_ok_and(|target| target.places.len() > 1);
        // A replica that is promoted has the pool of those who read from it, too, until they are done.
        let pools = 1 + u32::from(self.read_from != ReadFrom::Primary);
        let pooled = pool.max_size.saturating_mul(pools);
        // One for checks, and one that looks at the role of each of several servers.
        pooled.saturating_add(1 + u32::from(has_several))
    }

    async fn connection_limit(client: &Client) -> Result<Option<ConnectionLimit>, ConnectError> {
        client.connection_limit().await.map(Some)
    }

    fn statistics(client: &Client) -> Option<PoolStatistics> {
        Some(client.statistics())
    }
}
