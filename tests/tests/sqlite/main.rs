//! The sqlite back end: its settings, its client, its hazards. Needs no server.

mod client;
mod faults;
mod settings;

use std::path::Path;

use connreg::{Connection, Connections, Error};
use connreg_backends::Sqlite;

/// A connection named `db` with `settings`, `key=value` each.
pub(crate) async fn load(settings: &[(&str, &str)]) -> Result<Connections, Error> {
    let none: [(&str, &str); 0] = [];
    let builder = Connections::builder()
        .environment(none)
        .set("db.type", "sqlite");
    let set = |builder: connreg::Builder, (key, value): &(&str, &str)| {
        builder.set(format!("db.{key}"), *value)
    };
    settings.iter().fold(builder, set).load().await
}

pub(crate) async fn open(settings: &[(&str, &str)]) -> Connection<Sqlite> {
    load(settings).await.unwrap().get("db").unwrap()
}

/// A connection to a file in `directory`.
pub(crate) async fn in_file(directory: &Path) -> Connection<Sqlite> {
    open(&[("path", directory.join("test.db").to_str().unwrap())]).await
}

/// A connection to a new database in memory.
pub(crate) async fn in_memory() -> Connection<Sqlite> {
    open(&[("path", ":memory:")]).await
}
