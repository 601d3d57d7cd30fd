//! Links that die without a word: no packet arrives any more, and nobody says so. Only TCP's own questions find out.

use std::fs;
use std::time::{Duration, Instant};

use connreg::{ErrorKind, Sent};
use connreg_tests::Loopback;
use tokio::time::{sleep, timeout};

use crate::subject::{Kind, Server, eventually};

/// After 10 s of silence TCP asks, and asks again after 5 s.
const FOUND_WITHIN: Duration = Duration::from_secs(25);

/// Our sockets that are connected to `port`, as the kernel sees them.
fn sockets(port: u16) -> usize {
    const ESTABLISHED: &str = "01";
    let table = fs::read_to_string("/proc/self/net/tcp").unwrap();
    let end = format!(":{port:04X}");
    let is_ours = |row: &&str| {
        let mut fields = row.split_whitespace().skip(2);
        fields.next().is_some_and(|peer| peer.ends_with(&end)) && fields.next() == Some(ESTABLISHED)
    };
    table.lines().filter(is_ours).count()
}

/// A connection that lies idle, and one with a request under way, over a link that dies.
async fn a_dead_link_is_found(kind: Kind) {
    let loopback = Loopback::own();
    let server = Server::start(kind);
    // Nothing of the library's own may be what finds it.
    let settings = [("health_check.enabled", "false"), ("pool_size", "2")];
    let subject = server.connect(server.port(), &settings).await;
    subject.ask(1).await.unwrap();
    let request = tokio::spawn(subject.clone().wait_long());
    eventually("a request is under way", async || {
        subject.statistics().await.active == 1
    })
    .await;
    // Postgres's pool has one connection in use by now, and Redis's shared one is none of its pool's.
    subject.ask(2).await.unwrap();
    assert_eq!(sockets(server.port()), 2);

    loopback.cut();
    let cut = Instant::now();
    let answer = timeout(2 * FOUND_WITHIN, request);
    let error = answer
        .await
        .expect("the request hangs")
        .unwrap()
        .unwrap_err();
    let told = cut.elapsed();
    assert!(told <= FOUND_WITHIN, "told after {told:?}");
    assert!(
        [ErrorKind::Timeout, ErrorKind::Refused].contains(&error.kind()),
        "{error}"
    );
    assert_eq!(error.request_sent(), Sent::Unknown, "{error}");
    while sockets(server.port()) > 0 {
        let so_far = cut.elapsed();
        assert!(so_far <= FOUND_WITHIN, "not found after {so_far:?}");
        sleep(Duration::from_millis(100)).await;
    }
    eprintln!(
        "{kind:?}: told after {told:.1?}, all found after {:.1?}",
        cut.elapsed()
    );
    loopback.mend();
    eventually("it works again", async || subject.ask(3).await.is_ok()).await;
}

pub(crate) async fn a_dead_link_to_postgres_is_found_by_keepalive() {
    a_dead_link_is_found(Kind::Postgres).await;
}

pub(crate) async fn a_dead_link_to_redis_is_found_by_keepalive() {
    a_dead_link_is_found(Kind::Redis).await;
}
