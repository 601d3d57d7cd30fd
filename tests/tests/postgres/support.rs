//! Connections to a test's server.

use std::time::Duration;

use connreg::{Client, Connection, Connections, Error};
use connreg_backends::Postgres;

/// An open connection called `main`.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connections: Connections,
    pub(crate) db: Connection<Postgres>,
}

impl Opened {
    pub(crate) async fn client(&self) -> Client<Postgres> {
        self.db.client().await.unwrap()
    }

    /// Waits until every slot of the pool is free.
    pub(crate) async fn all_free(&self) {
        let client = self.client().await;
        for _ in 0..1000 {
            if client.statistics().active == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("slots are still taken: {:?}", client.statistics());
    }
}

/// Loads a connection to `url` and opens it.
pub(crate) async fn open(url: &str, settings: &[(&str, &str)]) -> Opened {
    let opened = load(&[("connection_string", url)], settings).await.unwrap();
    opened.db.client().await.unwrap();
    opened
}

/// Loads a connection with these settings and no others.
pub(crate) async fn load(
    settings: &[(&str, &str)],
    more: &[(&str, &str)],
) -> Result<Opened, Error> {
    let mut builder = Connections::builder()
        .environment::<String, String>([])
        .set("main.type", "postgres");
    for (key, value) in settings.iter().chain(more) {
        builder = builder.set(format!("main.{key}"), *value);
    }
    let connections = builder.load().await?;
    let db = connections.get::<Postgres>("main")?;
    Ok(Opened { connections, db })
}

/// The error of opening a connection with these settings.
pub(crate) async fn failure(settings: &[(&str, &str)]) -> Error {
    let opened = load(settings, &[]).await.unwrap();
    opened.db.client().await.map(drop).unwrap_err()
}

/// Waits until `condition` holds, for at most ten seconds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    for _ in 0..1000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within ten seconds: {what}");
}
