//! Hosts whose addresses change, and name servers that don't answer.

use connreg::ErrorKind;
use connreg_tests::Names;

use crate::door::Door;
use crate::subject::{Kind, Server, Subject, eventually};

const HOST: &str = "db.test";
/// All of 127.0.0.0/8 is this machine.
const ADDRESSES: [&str; 2] = ["127.0.0.2", "127.0.0.3"];

/// Everybody is served again, and comes by `door`.
async fn all_come_by(door: &Door, subject: &Subject) {
    eventually("all come by another door", async || {
        subject.ask(2).await.is_ok() && door.came() > 0
    })
    .await;
}

/// Looked up at each connect; all addresses are tried; if nobody can look it up, the last ones are.
async fn names_are_looked_up_at_each_connect(kind: Kind) {
    let names = Names::own();
    let server = Server::start(kind);
    let port = server.port();
    let first = Door::open(ADDRESSES[0], port, port).await;

    let settings: &[(&str, &str)] = match kind {
        // What is not local is spoken to by TLS, which this server does not offer.
        Kind::Postgres => &[("ssl_mode", "disable")],
        Kind::Redis => &[],
    };
    let subject = server.connect_to(HOST, port, settings).await;
    let error = subject.ask(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns, "{error}");
    assert!(error.to_string().contains(HOST), "{error}");

    names.set(HOST, &ADDRESSES[..1]);
    all_come_by(&first, &subject).await;

    // The host moves: nobody goes to where it was.
    let second = Door::open(ADDRESSES[1], port, port).await;
    names.set(HOST, &ADDRESSES[1..]);
    first.close().await;
    all_come_by(&second, &subject).await;

    // Nobody can say where it is: where it was.
    names.forget(HOST);
    second.close().await;
    let second = Door::open(ADDRESSES[1], port, port).await;
    all_come_by(&second, &subject).await;

    // The first of several addresses is out of order.
    names.set(HOST, &ADDRESSES);
    second.close().await;
    let second = Door::open(ADDRESSES[1], port, port).await;
    all_come_by(&second, &subject).await;
}

pub(crate) async fn a_postgres_that_moves_is_found() {
    names_are_looked_up_at_each_connect(Kind::Postgres).await;
}

pub(crate) async fn a_redis_that_moves_is_found() {
    names_are_looked_up_at_each_connect(Kind::Redis).await;
}
