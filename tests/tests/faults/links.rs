//! Links that garble, delay, swallow and cut.

use std::time::{Duration, Instant};

use connreg::{ErrorKind, Sent};
use connreg_tests::{Fault, FaultProxy};

use crate::load::Load;
use crate::subject::{Kind, Server, Subject, eventually, timed, within};

const CALLERS: i64 = 8;

/// A server behind a proxy, and an open connection through it.
struct Behind {
    _server: Server,
    proxy: FaultProxy,
    subject: Subject,
}

async fn behind(kind: Kind, settings: &[(&str, &str)]) -> Behind {
    let server = Server::start(kind);
    let proxy = FaultProxy::before(server.port());
    let subject = server.connect(proxy.port(), settings).await;
    // Where a test has short time-outs, a busy machine may need several attempts.
    eventually("it is open", async || {
        subject.ask(1).await.is_ok_and(|answer| answer == 1)
    })
    .await;
    Behind {
        _server: server,
        proxy,
        subject,
    }
}

/// Under load, `fault` is there for a while: no caller may get what is not his, and all work again afterwards.
async fn no_wrong_answer(kind: Kind, fault: Fault) {
    let behind = behind(kind, &[("pool_size", "4"), ("operation_timeout", "2s")]).await;
    let load = Load::start(&behind.subject.as_echo(), CALLERS);
    for _ in 0..5 {
        behind.proxy.add(fault);
        tokio::time::sleep(Duration::from_millis(200)).await;
        behind.proxy.heal();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eventually("it works again", async || {
        behind.subject.ask(2).await.is_ok()
    })
    .await;
    let calls = load.finish().await;
    assert_eq!(calls.wrong(), 0, "{fault:?}");
    assert_eq!(calls.hanging, 0, "{fault:?}");
    assert!(calls.right() > 0, "{:?}", calls.errors());
    if !matches!(fault, Fault::Slices(_)) {
        assert!(calls.failed() > 0, "{fault:?} went unseen");
    }
    for number in 0..20 {
        assert_eq!(behind.subject.ask(number).await.unwrap(), number);
    }
}

pub(crate) async fn postgres_answers_survive_resets() {
    no_wrong_answer(Kind::Postgres, Fault::Reset).await;
}

pub(crate) async fn postgres_answers_survive_slices() {
    no_wrong_answer(Kind::Postgres, Fault::Slices(5)).await;
}

pub(crate) async fn postgres_answers_survive_truncation() {
    no_wrong_answer(Kind::Postgres, Fault::Truncation(333)).await;
}

pub(crate) async fn redis_answers_survive_resets() {
    no_wrong_answer(Kind::Redis, Fault::Reset).await;
}

pub(crate) async fn redis_answers_survive_slices() {
    no_wrong_answer(Kind::Redis, Fault::Slices(3)).await;
}

pub(crate) async fn redis_answers_survive_truncation() {
    no_wrong_answer(Kind::Redis, Fault::Truncation(33)).await;
}

/// A slow link is no reason to connect anew.
async fn no_reconnect_storm(kind: Kind, fault: Fault) {
    let behind = behind(kind, &[("pool_size", "4")]).await;
    behind.proxy.add(fault);
    let before = behind.subject.connections().info("main").unwrap().connects;
    let load = Load::start(&behind.subject.as_echo(), CALLERS);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let calls = load.finish().await;
    assert_eq!(
        (calls.failed(), calls.wrong(), calls.hanging),
        (0, 0, 0),
        "{:?}",
        calls.errors()
    );
    let statistics = behind.subject.statistics().await;
    assert!(statistics.created <= 4, "{statistics:?}");
    let after = behind.subject.connections().info("main").unwrap().connects;
    assert_eq!(before, after, "the client was opened anew");
}

const SLOW: Fault = Fault::Latency {
    delay: Duration::from_millis(500),
    jitter: Duration::from_millis(200),
};

pub(crate) async fn postgres_bears_latency() {
    no_reconnect_storm(Kind::Postgres, SLOW).await;
}

pub(crate) async fn postgres_bears_a_narrow_link() {
    no_reconnect_storm(Kind::Postgres, Fault::Bandwidth(1)).await;
}

pub(crate) async fn redis_bears_latency() {
    no_reconnect_storm(Kind::Redis, SLOW).await;
}

pub(crate) async fn redis_bears_a_narrow_link() {
    no_reconnect_storm(Kind::Redis, Fault::Bandwidth(1)).await;
}

/// A half-open socket: every deadline is kept, and nobody else waits for it.
async fn silence_is_given_up_in_time(kind: Kind, deadline: (&str, &str), limit: Duration) {
    let settings = [
        ("pool_size", "4"),
        ("connect_timeout", "400ms"),
        ("pool.acquire_timeout", "400ms"),
        deadline,
    ];
    let behind = behind(kind, &settings).await;
    behind.proxy.add(Fault::Silence);
    let (answer, _) = timed(behind.subject.ask(3)).await;
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_ne!(error.request_sent(), Sent::Yes, "{error}");
    behind.proxy.heal();
    eventually("it works again", async || {
        behind.subject.ask(4).await.is_ok()
    })
    .await;

    let margin = Duration::from_millis(50);
    within("a deadline past its time", limit + margin, async || {
        eventually("it works again", async || {
            behind.subject.ask(5).await.is_ok()
        })
        .await;
        behind.proxy.add(Fault::Silence);
        let (answer, took) = timed(behind.subject.ask(6)).await;
        assert!(answer.is_err());
        assert!(
            took + margin > limit.min(Duration::from_millis(400)),
            "{took:?}"
        );
        behind.proxy.heal();
        took
    })
    .await;

    behind.proxy.add(Fault::Silence);
    let (_, took) = timed(behind.subject.connections().close()).await;
    assert!(took < Duration::from_secs(5), "closing took {took:?}");
}

pub(crate) async fn postgres_gives_up_on_silence_in_time() {
    let limit = Duration::from_millis(300);
    silence_is_given_up_in_time(Kind::Postgres, ("operation_timeout", "300ms"), limit).await;
}

pub(crate) async fn redis_gives_up_on_silence_in_time() {
    let limit = Duration::from_millis(300);
    silence_is_given_up_in_time(Kind::Redis, ("socket_timeout", "300ms"), limit).await;
}

/// The link is cut and mended: callers are told at once, and are served again at once.
async fn a_cut_link_is_mended(kind: Kind) {
    let behind = behind(kind, &[("pool_size", "4")]).await;
    let load = Load::start(&behind.subject.as_echo(), CALLERS);
    tokio::time::sleep(Duration::from_millis(100)).await;
    behind.proxy.cut();
    tokio::time::sleep(Duration::from_millis(500)).await;
    behind.proxy.heal();
    let healed = Instant::now();
    eventually("it works again", async || load.has_recovered(healed)).await;
    let calls = load.finish().await;
    assert_eq!((calls.wrong(), calls.hanging), (0, 0));
    assert!(calls.failed() > 0, "the cut went unseen");
    let back = calls.recovered_after(healed).unwrap_or(Duration::MAX);
    // One step of the back-off, at most, is waited for: 100 ms, 200, 400.
    assert!(back < Duration::from_secs(2), "back only after {back:?}");
}

pub(crate) async fn postgres_comes_back_after_a_cut() {
    a_cut_link_is_mended(Kind::Postgres).await;
}

pub(crate) async fn redis_comes_back_after_a_cut() {
    a_cut_link_is_mended(Kind::Redis).await;
}
