//! Certificates that are not to be trusted: told as such, and no reason to knock again and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connreg::{Backend, Connections, Error, ErrorKind};
use connreg_backends::{Postgres, Redis};
use connreg_tests::{PostgresOptions, RedisOptions, ServerCertificate};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::door::Door;
use crate::subject::{Kind, Server};

const CALLERS: usize = 16;
const LASTS: Duration = Duration::from_secs(1);
/// Attempts come after 100 ms, 200, 400, each a random part of that: some six in a second, seldom twice as many. The callers' own
/// would be three thousand.
const MOST: usize = 24;

struct Case {
    server: Server,
    port: u16,
    ca: PathBuf,
}

fn start(kind: Kind, certificate: ServerCertificate, ca_is_known: bool) -> Case {
    let (server, port) = match kind {
        Kind::Postgres => {
            let server = PostgresOptions::default().tls(certificate).start();
            let port = server.port();
            (Server::Postgres(Box::new(server)), port)
        }
        Kind::Redis => {
            let server = RedisOptions::default().tls(certificate).start();
            let port = server.tls_port();
            (Server::Redis(Box::new(server)), port)
        }
    };
    let certificates = match &server {
        Server::Postgres(server) => server.certificates(),
        Server::Redis(server) => server.certificates(),
    };
    let ca = if ca_is_known {
        certificates.ca_file()
    } else {
        certificates.unrelated_ca_file()
    };
    Case { server, port, ca }
}

async fn load(case: &Case, port: u16) -> Connections {
    let ca = case.ca.display().to_string();
    let none: [(&str, &str); 0] = [];
    let builder = Connections::builder().environment(none);
    let builder = match &case.server {
        Server::Postgres(server) => builder.set("main.type", "postgres").set(
            "main.connection_string",
            format!(
                "postgres://{}:{}@localhost:{port}/{}?sslmode=verify-full&sslrootcert={ca}",
                server.user(),
                server.password(),
                server.database(),
            ),
        ),
        Server::Redis(_) => builder
            .set("main.type", "redis")
            .set("main.host", "localhost")
            .set("main.port", port.to_string())
            .set("main.ssl", "true")
            .set("main.ssl_ca", ca),
    };
    builder.load().await.unwrap()
}

async fn client<T: Backend>(connections: &Connections) -> Result<(), Error> {
    connections.get::<T>("main")?.client().await.map(drop)
}

async fn distrust_starts_no_storm(kind: Kind) {
    for (certificate, ca_is_known) in [
        (ServerCertificate::Expired, true),
        (ServerCertificate::WrongHost, true),
        (ServerCertificate::Valid, false),
    ] {
        let case = start(kind, certificate, ca_is_known);
        let door = Door::open("127.0.0.1", 0, case.port).await;
        let connections = Arc::new(load(&case, door.port()).await);
        let mut callers = JoinSet::new();
        let until = Instant::now() + LASTS;
        for _ in 0..CALLERS {
            let connections = Arc::clone(&connections);
            callers.spawn(async move {
                while Instant::now() < until {
                    let opened = match kind {
                        Kind::Postgres => client::<Postgres>(&connections).await,
                        Kind::Redis => client::<Redis>(&connections).await,
                    };
                    let error = opened.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
                    assert!(!error.is_transient(), "{error}");
                    sleep(Duration::from_millis(5)).await;
                }
            });
        }
        callers.join_all().await;
        let connects = door.came();
        assert!(
            (1..=MOST).contains(&connects),
            "{certificate:?}: {connects} times"
        );
    }
}

pub(crate) async fn a_postgres_that_is_not_trusted_is_left_alone() {
    distrust_starts_no_storm(Kind::Postgres).await;
}

pub(crate) async fn a_redis_that_is_not_trusted_is_left_alone() {
    distrust_starts_no_storm(Kind::Redis).await;
}
