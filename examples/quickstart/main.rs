//! The quick start: configuration becomes a named, typed, pooled connection. Needs no server.
//!
//! `cargo run --example quickstart`

use connreg::{Connections, Error};
use connreg_backends::Sqlite;

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Every mistake in every file is reported at once; nothing is opened yet.
    let connections =
        Connections::load(concat!(env!("CARGO_MANIFEST_DIR"), "/quickstart/config")).await?;
    println!("configured: {}", connections.list().join(", "));

    let sqlite = connections.get::<Sqlite>("sqlite")?;
    // Opens at first use, and takes nanoseconds afterwards.
    let db = sqlite.client().await?;

    db.execute_batch("CREATE TABLE users (name TEXT NOT NULL, age INTEGER NOT NULL)")
        .await?;
    for (name, age) in [("Ada", 36), ("Grace", 85), ("Tim", 24)] {
        db.execute("INSERT INTO users VALUES (?1, ?2)", (name, age))
            .await?;
    }
    for user in db
        .query(
            "SELECT name, age FROM users WHERE age > ?1 ORDER BY age",
            [25],
        )
        .await?
    {
        println!(
            "{} is {}",
            user.get::<String>("name")?,
            user.get::<u32>("age")?
        );
    }

    sqlite.check().await?;
    for connection in connections.iter() {
        let info = connection.info();
        println!(
            "health: {} ({}) is {}",
            info.name, info.connection_type, info.state
        );
    }
    let pool = db.statistics();
    println!(
        "pool: {} of {} open, {} requests",
        pool.total, pool.max_size, pool.requests
    );

    connections.close().await;
    Ok(())
}
