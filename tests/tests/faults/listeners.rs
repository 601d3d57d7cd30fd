//! Servers that take a connection and never say a word.

use std::time::Duration;

use connreg::ErrorKind;
use tokio::net::TcpListener;

use crate::subject::{Kind, Server, timed, within};

/// `connect_timeout` ends what would wait for ever.
async fn silence_ends(kind: Kind) {
    let server = Server::start(kind);
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let limit = Duration::from_millis(400);
    within(
        "connect_timeout",
        limit + Duration::from_millis(100),
        async || {
            let subject = server.connect(port, &[("connect_timeout", "400ms")]).await;
            let (answer, took) = timed(subject.ask(1)).await;
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            took
        },
    )
    .await;
}

pub(crate) async fn a_silent_postgres_is_given_up_in_time() {
    silence_ends(Kind::Postgres).await;
}

pub(crate) async fn a_silent_redis_is_given_up_in_time() {
    silence_ends(Kind::Redis).await;
}
