//! A program without async: the same connections, whose calls wait. Needs no server.
//!
//! `cargo run --example blocking --features blocking`

use std::thread;

use connreg::Error;
use connreg::blocking::Connections;
use connreg_backends::Sqlite;

fn main() -> Result<(), Error> {
    let connections = Connections::load(concat!(env!("CARGO_MANIFEST_DIR"), "/blocking/config"))?;
    let ledger = connections.get::<Sqlite>("ledger")?;
    let db = ledger.client()?;
    // Clients are async: `wait` waits for what their methods give.
    db.wait(db.execute_batch("CREATE TABLE payments (cents INTEGER NOT NULL)"))?;

    thread::scope(|scope| {
        for cents in [1250, 399, 4200] {
            let ledger = &ledger;
            scope.spawn(move || pay(ledger, cents));
        }
    });
    // Doing it twice is as good as once, so it is tried again if that may help.
    let total: i64 = ledger.run_idempotent(|db| async move {
        let row = db.query_one("SELECT sum(cents) FROM payments", ()).await?;
        row.get(0)
    })?;
    println!("paid: {total} cents");

    for connection in connections.status().details {
        println!("health: {} is {}", connection.name, connection.state);
    }
    connections.close()?;
    Ok(())
}

/// Under the connection's deadline, circuit breaker and metrics.
fn pay(ledger: &connreg::blocking::Connection<Sqlite>, cents: i64) {
    let paid = ledger.run(|db| async move {
        db.execute("INSERT INTO payments VALUES (?1)", [cents])
            .await
    });
    if let Err(error) = paid {
        eprintln!("{cents} cents were not paid: {error}");
    }
}
