//! Connections without async on real servers, used from a thread that may wait.

use std::time::{Duration, Instant};

use connreg::blocking::Connections;
use connreg::{Error, ErrorKind};
use connreg_backends::redis::driver::AsyncCommands as _;
use connreg_backends::{Postgres, Redis};
use connreg_tests::{Postgres as PostgresServer, Redis as RedisServer, suite};

suite! {
    Postgres:
        postgres_is_queried,
        a_postgres_that_dies_is_told_and_comes_back;
    Redis: redis_keeps_values;
}

fn load(name: &str, url: &str) -> Connections {
    Connections::builder()
        .environment([("", ""); 0])
        .set(format!("{name}.type"), name)
        .set(format!("{name}.url"), url)
        .set(format!("{name}.operation_timeout"), "10s")
        .load_blocking()
        .unwrap()
}

/// Runs `work` as a program without async would.
async fn without_async<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn answer(connections: &Connections) -> Result<i32, Error> {
    connections
        .get::<Postgres>("postgres")?
        .run(|client| async move { Ok(client.query_one("SELECT 42", &[]).await?.get(0)) })
}

async fn postgres_is_queried() {
    let database = PostgresServer::shared();
    let url = database.url();
    without_async(move || {
        let connections = load("postgres", &url);
        assert_eq!(answer(&connections).unwrap(), 42);
        let postgres = connections.get::<Postgres>("postgres").unwrap();
        let client = postgres.client().unwrap();
        let row = client.wait(client.query_one("SELECT 7", &[])).unwrap();
        assert_eq!(row.get::<_, i32>(0), 7);
        postgres.check().unwrap();
        drop(client);
        assert!(connections.close().unwrap().is_drained());
    })
    .await;
}

async fn a_postgres_that_dies_is_told_and_comes_back() {
    let server = PostgresServer::start();
    without_async(move || {
        let connections = load("postgres", &server.url());
        assert_eq!(answer(&connections).unwrap(), 42);
        server.kill();
        let error = answer(&connections).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        server.restart();
        let deadline = Instant::now() + Duration::from_mins(1);
        // Not by `run`, whose breaker might open on that many failures.
        let postgres = connections.get_any("postgres").unwrap();
        while postgres.reconnect().is_err() {
            assert!(Instant::now() < deadline, "it did not come back");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(answer(&connections).unwrap(), 42);
    })
    .await;
}

async fn redis_keeps_values() {
    let keys = RedisServer::shared();
    let (url, key) = (keys.url().to_string(), keys.key("basket"));
    without_async(move || {
        let connections = load("redis", &url);
        let redis = connections.get::<Redis>("redis").unwrap();
        let kept: String = redis
            .run(|client| async move {
                let mut commands = client.commands();
                let set = commands.set::<_, _, ()>(&key, "apples").await;
                set.map_err(|error| client.error("set", error))?;
                let got = commands.get(&key).await;
                got.map_err(|error| client.error("get", error))
            })
            .unwrap();
        assert_eq!(kept, "apples");
        connections.close().unwrap();
    })
    .await;
}
