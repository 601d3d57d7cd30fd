//! Connections without async, on back ends that need no server: what they do, and what is hazardous about them.

mod dropping;
mod everyday;
mod threads;

use std::time::Duration;

use connreg::blocking::{Connection, Connections};
use connreg::{Builder, Error};
use connreg_backends::Sqlite;

/// Long enough on any machine; reached only by a test that fails.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// A database in memory, called `db`, and a store in memory, called `cache`.
pub(crate) fn configured() -> Builder {
    Connections::builder()
        .environment([("", ""); 0])
        .set("db.type", "sqlite")
        .set("db.path", ":memory:")
        .set("cache.type", "memory")
}

pub(crate) fn load() -> Connections {
    configured().load_blocking().unwrap()
}

pub(crate) fn answer(db: &Connection<Sqlite>) -> Result<i64, Error> {
    db.run(|client| async move { client.query_one("SELECT 42", ()).await?.get(0) })
}
