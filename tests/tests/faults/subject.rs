//! Connections of ours, to be hurt.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connreg::pool::PoolStatistics;
use connreg::{Connection, Connections, Error};
use connreg_backends::redis::driver::cmd;
use connreg_backends::{Postgres, Redis};

use crate::load::{Answer, Echo};

/// A connection called `main`, of one type or the other.
#[derive(Clone)]
pub(crate) enum Subject {
    Postgres(Connections, Connection<Postgres>),
    Redis(Connections, Connection<Redis>),
}

/// What both kinds of tests start from: a server, and connections to a port that leads to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Postgres,
    Redis,
}

/// A server of either kind.
pub(crate) enum Server {
    Postgres(Box<connreg_tests::Postgres>),
    Redis(Box<connreg_tests::Redis>),
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        match kind {
            Kind::Postgres => Self::Postgres(Box::new(connreg_tests::Postgres::start())),
            Kind::Redis => Self::Redis(Box::new(connreg_tests::Redis::start())),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Postgres(server) => server.port(),
            Self::Redis(server) => server.port(),
        }
    }

    /// What is common to all servers.
    pub(crate) fn process(&self) -> &connreg_tests::Server {
        match self {
            Self::Postgres(server) => server,
            Self::Redis(server) => server,
        }
    }

    /// Waits until the server is at so many requests of [`Subject::wait_long`].
    pub(crate) async fn waits(&self, requests: i64) {
        let watcher = self.connect(self.port(), &[]).await;
        eventually("the server has got the requests", async || {
            watcher.waiting().await == requests
        })
        .await;
    }

    /// A connection that goes to `port`, which leads to this server.
    pub(crate) async fn connect(&self, port: u16, settings: &[(&str, &str)]) -> Subject {
        self.connect_to("127.0.0.1", port, settings).await
    }

    /// The same by another name or address.
    pub(crate) async fn connect_to(
        &self,
        host: &str,
        port: u16,
        settings: &[(&str, &str)],
    ) -> Subject {
        let none: [(&str, &str); 0] = [];
        let mut builder = Connections::builder().environment(none);
        let (kind, url) = match self {
            Self::Postgres(server) => (
                "postgres",
                (
                    "connection_string",
                    format!(
                        "postgres://{}:{}@{host}:{port}/{}",
                        server.user(),
                        server.password(),
                        server.database()
                    ),
                ),
            ),
            Self::Redis(_) => ("redis", ("url", format!("redis://{host}:{port}/"))),
        };
        builder = builder.set("main.type", kind);
        builder = builder.set(format!("main.{}", url.0), url.1);
        for (key, value) in settings {
            builder = builder.set(format!("main.{key}"), *value);
        }
        let connections = builder.load().await.unwrap();
        match self {
            Self::Postgres(_) => {
                let main = connections.get("main").unwrap();
                Subject::Postgres(connections, main)
            }
            Self::Redis(_) => {
                let main = connections.get("main").unwrap();
                Subject::Redis(connections, main)
            }
        }
    }
}

impl Subject {
    /// Opens the connection unless it is open, sends `number`, and gives what comes back.
    pub(crate) async fn ask(&self, number: i64) -> Result<i64, Error> {
        match self {
            Self::Postgres(_, connection) => {
                let client = connection.client().await?;
                let row = client.query_one("SELECT $1::bigint", &[&number]).await?;
                Ok(row.get(0))
            }
            Self::Redis(_, connection) => {
                let client = connection.client().await?;
                let answer = cmd("ECHO")
                    .arg(number)
                    .query_async(&mut client.commands())
                    .await;
                answer.map_err(|error| client.error("echo", error))
            }
        }
    }

    /// The same with all that `run` does.
    pub(crate) async fn ask_in_run(&self, number: i64) -> Result<i64, Error> {
        match self {
            Self::Postgres(_, connection) => {
                let ask = connection.run(|client| async move {
                    let row = client.query_one("SELECT $1::bigint", &[&number]).await?;
                    Ok(row.get(0))
                });
                Box::pin(ask).await
            }
            Self::Redis(_, connection) => {
                let ask = connection.run(|client| async move {
                    let echo = cmd("ECHO").arg(number).clone();
                    let answer = echo.query_async(&mut client.commands()).await;
                    answer.map_err(|error| client.error("echo", error))
                });
                Box::pin(ask).await
            }
        }
    }

    /// A request on a connection of the pool that the server would answer after two minutes.
    pub(crate) async fn wait_long(self) -> Result<(), Error> {
        match self {
            Self::Postgres(_, connection) => {
                let client = connection.client().await?;
                client.query("SELECT pg_sleep(120)", &[]).await.map(drop)
            }
            Self::Redis(_, connection) => {
                let client = connection.client().await?;
                let mut lease = client.acquire().await?;
                let wait = cmd("BLPOP").arg("nothing").arg(120).clone();
                let waited = wait.exec_async(&mut lease).await;
                waited.map_err(|error| client.error("blpop", error))
            }
        }
    }

    /// How many requests of [`wait_long`](Self::wait_long) the server is at, whoever sent them.
    async fn waiting(&self) -> i64 {
        match self {
            Self::Postgres(_, connection) => {
                let client = connection.client().await.unwrap();
                let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
                let row = client.query_one(sql, &[]).await.unwrap();
                row.get(0)
            }
            Self::Redis(_, connection) => {
                let client = connection.client().await.unwrap();
                let info: String = cmd("INFO")
                    .arg("clients")
                    .query_async(&mut client.commands())
                    .await
                    .unwrap();
                let mut lines = info.lines();
                let blocked = lines.find_map(|line| line.strip_prefix("blocked_clients:"));
                blocked.unwrap().trim().parse().unwrap()
            }
        }
    }

    pub(crate) fn connections(&self) -> &Connections {
        match self {
            Self::Postgres(connections, _) | Self::Redis(connections, _) => connections,
        }
    }

    /// The figures of the pool of an open connection.
    pub(crate) async fn statistics(&self) -> PoolStatistics {
        match self {
            Self::Postgres(_, connection) => connection.client().await.unwrap().statistics(),
            Self::Redis(_, connection) => connection.client().await.unwrap().statistics(),
        }
    }

    pub(crate) fn as_echo(&self) -> Arc<dyn Echo> {
        Arc::new(self.clone())
    }
}

impl Echo for Subject {
    fn echo(&self, number: i64) -> Answer<'_> {
        Box::pin(async move { self.ask(number).await.map_err(|error| error.to_string()) })
    }
}

/// How long something took.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    let outcome = work.await;
    (outcome, started.elapsed())
}

/// Waits until `condition` holds, for at most twenty seconds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let until = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < until, "not within twenty seconds: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Measures until a figure is within the promise: a busy machine must not count as a slow library. A library that
/// is slow is so each time.
pub(crate) async fn within<F: Future<Output = Duration>>(
    what: &str,
    promise: Duration,
    measure: impl Fn() -> F,
) {
    let mut took = Vec::new();
    for _ in 0..5 {
        let figure = measure().await;
        if figure <= promise {
            return;
        }
        took.push(figure);
    }
    panic!("{what}: promised within {promise:?}, took {took:?}");
}
