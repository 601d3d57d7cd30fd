//! Servers that are killed and come back.

use std::time::{Duration, Instant};

use connreg::ErrorKind;

use crate::load::Load;
use crate::subject::{Kind, Server, eventually, timed};

/// Callers are told within milliseconds while it is down, and served again soon after it is back, by few new
/// connections.
async fn killed_and_restarted(kind: Kind) {
    let server = Server::start(kind);
    let subject = server.connect(server.port(), &[("pool_size", "4")]).await;
    subject.ask(1).await.unwrap();
    let load = Load::start(&subject.as_echo(), 8);
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.process().kill();
    eventually("the loss is seen", async || subject.ask(2).await.is_err()).await;
    let mut took = Vec::new();
    for _ in 0..31 {
        let (answer, time) = timed(subject.ask(3)).await;
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.is_transient());
        took.push(time);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Of the middle one, so that a busy machine does not count as a slow library.
    took.sort();
    assert!(took[15] < Duration::from_millis(10), "{took:?}");
    server.process().restart();
    let restarted = Instant::now();
    eventually("it works again", async || subject.ask(4).await.is_ok()).await;
    let before = subject.statistics().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = load.finish().await;
    assert_eq!((calls.wrong(), calls.hanging), (0, 0));
    let back = calls.recovered_after(restarted).unwrap_or(Duration::MAX);
    assert!(back < Duration::from_secs(6), "back only after {back:?}");
    let after = subject.statistics().await;
    assert!(after.total <= 4, "{after:?}");
    assert!(after.created - before.created <= 4, "{before:?} {after:?}");
}

pub(crate) async fn postgres_is_killed_and_comes_back() {
    killed_and_restarted(Kind::Postgres).await;
}

pub(crate) async fn redis_is_killed_and_comes_back() {
    killed_and_restarted(Kind::Redis).await;
}
