//! How soon callers are told, slots are back, and closing is done.

use std::time::{Duration, Instant};

use connreg::{ErrorKind, Sent};
use tokio::time::sleep;

use crate::subject::{Kind, Server, Subject, eventually, timed, within};

/// Waits until so many connections of the pool are lent out.
async fn lent(subject: &Subject, active: u32) {
    let pool = || subject.connections().info("main").unwrap().pool;
    let until = Instant::now() + Duration::from_secs(20);
    while pool().is_none_or(|pool| pool.active != active) {
        assert!(Instant::now() < until, "never {active} lent: {:?}", pool());
        sleep(Duration::from_micros(200)).await;
    }
}

/// A request that the server has got is lost with the server, and its caller can't know whether it was done.
async fn lost_work_is_told(kind: Kind) {
    let server = Server::start(kind);
    let limit = Duration::from_millis(100);
    within("work under way is told of its end", limit, async || {
        let subject = server.connect(server.port(), &[]).await;
        subject.ask(1).await.unwrap();
        let request = tokio::spawn(subject.clone().wait_long());
        lent(&subject, 1).await;
        server.waits(1).await;
        server.process().kill();
        let killed = Instant::now();
        let error = request.await.unwrap().unwrap_err();
        let took = killed.elapsed();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert_eq!(error.request_sent(), Sent::Unknown, "{error}");
        // What is asked now is not sent at all.
        eventually(
            "nothing is sent",
            async || matches!(subject.ask(2).await, Err(error) if error.request_sent() == Sent::No),
        )
        .await;
        server.process().restart();
        took
    })
    .await;
}

pub(crate) async fn work_lost_with_postgres_is_told_at_once() {
    lost_work_is_told(Kind::Postgres).await;
}

pub(crate) async fn work_lost_with_redis_is_told_at_once() {
    lost_work_is_told(Kind::Redis).await;
}

/// A caller goes away in the middle of a request: his place in the pool is free at once.
async fn a_slot_is_back(kind: Kind) {
    let server = Server::start(kind);
    let subject = server.connect(server.port(), &[("pool_size", "1")]).await;
    subject.ask(1).await.unwrap();
    let limit = Duration::from_millis(10);
    within("a dropped request's slot", limit, async || {
        // Of an earlier try.
        server.waits(0).await;
        let request = tokio::spawn(subject.clone().wait_long());
        lent(&subject, 1).await;
        server.waits(1).await;
        request.abort();
        timed(lent(&subject, 0)).await.1
    })
    .await;
    let before = subject.statistics().await;
    assert!(
        before.closed > 0,
        "a connection with an answer to come was kept: {before:?}"
    );
    subject.ask(2).await.unwrap();
    lent(&subject, 0).await;
}

pub(crate) async fn a_slot_of_postgres_is_back_at_once() {
    a_slot_is_back(Kind::Postgres).await;
}

pub(crate) async fn a_slot_of_redis_is_back_at_once() {
    a_slot_is_back(Kind::Redis).await;
}

/// Nothing is under way, so nothing is waited for.
async fn what_is_idle_closes(kind: Kind) {
    let server = Server::start(kind);
    let limit = Duration::from_millis(50);
    within("closing what is idle", limit, async || {
        let settings = [("pool_size", "4"), ("pool.min_size", "4")];
        let subject = server.connect(server.port(), &settings).await;
        subject.ask(1).await.unwrap();
        eventually("four lie idle", async || {
            subject.statistics().await.idle == 4
        })
        .await;
        let (report, took) = timed(subject.connections().close()).await;
        assert!(report.is_drained(), "{report}");
        took
    })
    .await;
}

pub(crate) async fn an_idle_postgres_is_closed_at_once() {
    what_is_idle_closes(Kind::Postgres).await;
}

pub(crate) async fn an_idle_redis_is_closed_at_once() {
    what_is_idle_closes(Kind::Redis).await;
}

/// The server is stopped, its sockets are open: deadlines are kept, and a check that hangs keeps nobody from closing.
async fn a_frozen_server_holds_up_nobody(kind: Kind) {
    let server = Server::start(kind);
    let (deadline, margin) = (Duration::from_millis(300), Duration::from_millis(50));
    within("a deadline", deadline + margin, async || {
        let settings = [
            ("operation_timeout", "300ms"),
            ("health_check.interval", "1s"),
            ("health_check.timeout", "1min"),
        ];
        let subject = server.connect(server.port(), &settings).await;
        eventually("it is open", async || subject.ask_in_run(1).await.is_ok()).await;
        server.process().freeze();
        let (answer, took) = timed(subject.ask_in_run(2)).await;
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(took + margin > deadline, "{took:?}");
        // The check that is due meanwhile hangs.
        sleep(Duration::from_millis(1200)).await;
        let (_, closing) = timed(subject.connections().close()).await;
        server.process().thaw();
        assert!(closing < Duration::from_secs(6), "closing took {closing:?}");
        took
    })
    .await;
}

pub(crate) async fn a_frozen_postgres_holds_up_nobody() {
    a_frozen_server_holds_up_nobody(Kind::Postgres).await;
}

pub(crate) async fn a_frozen_redis_holds_up_nobody() {
    a_frozen_server_holds_up_nobody(Kind::Redis).await;
}
