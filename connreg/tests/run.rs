//! What `run` and its kin do around an operation: deadline, retry, breaker, bulkhead, counting, events, metrics.

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "runtime/scripted.rs"]
mod scripted;

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use connreg::policy::{CallPolicy, Classify, Fault};
use connreg::{
    BreakerState, ConnectError, Connection, Error, ErrorKind, EventKind, RetrySettings, Sent,
};
use scripted::{Behaviour, Call, SOON, Scripted, one};
use tokio::time::{Instant, timeout};

/// Fails with `kind` until it has been called `times` times.
struct Failing {
    calls: Arc<AtomicUsize>,
    kind: ErrorKind,
    sent: Sent,
    times: usize,
}

impl Failing {
    fn new(kind: ErrorKind, sent: Sent, times: usize) -> Self {
        Self {
            calls: Arc::default(),
            kind,
            sent,
            times,
        }
    }

    fn call(&self) -> Result<usize, Error> {
        let call = self.calls.fetch_add(1, SeqCst) + 1;
        if call > self.times {
            return Ok(call);
        }
        let error = ConnectError::new(self.kind, format!("failure {call}")).with_sent(self.sent);
        Err(error.for_connection("scripted", "query"))
    }

    fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }
}

async fn open(name: &str, more: &[(&str, &str)]) -> (connreg::Connections, Connection<Scripted>) {
    let (connections, _) = one(name, more).await;
    let connection = connections.get::<Scripted>(name).unwrap();
    connection.client().await.unwrap();
    (connections, connection)
}

fn idle(connection: &Connection<Scripted>) {
    assert_eq!(connection.info().executing, 0);
}

#[tokio::test]
async fn it_gives_the_open_client_and_counts() {
    let (connections, _) = one("run_plain", &[]).await;
    let connection = connections.get::<Scripted>("run_plain").unwrap();
    let answer = connection
        .run(|client| {
            let connection = &connection;
            async move {
                assert_eq!(connection.info().executing, 1);
                Ok::<_, Error>(client.0.number)
            }
        })
        .await;
    assert_eq!(answer.unwrap(), 0);
    idle(&connection);
    let failed = connection
        .run(async |_| Failing::new(ErrorKind::Other, Sent::Yes, 1).call())
        .await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Other);
    let statistics = connection.info().operations;
    assert_eq!((statistics.operations, statistics.failures), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn work_that_has_begun_is_repeated_only_where_that_is_safe() {
    let (_connections, connection) =
        open("run_safe", &[("circuit_breaker.enabled", "false")]).await;
    for (sent, plain, single, idempotent) in [
        (Sent::No, 1, 3, 3),
        (Sent::Unknown, 1, 1, 3),
        (Sent::Yes, 1, 1, 3),
    ] {
        let failing = Failing::new(ErrorKind::Overloaded, sent, 2);
        let _ = connection.run(async |_| failing.call()).await;
        assert_eq!(failing.calls(), plain, "run after {sent:?}");

        let failing = Failing::new(ErrorKind::Overloaded, sent, 2);
        let call = CallPolicy::new().single_request();
        let _ = connection.run_with(&call, async |_| failing.call()).await;
        assert_eq!(failing.calls(), single, "one request after {sent:?}");

        let failing = Failing::new(ErrorKind::Overloaded, sent, 2);
        let answer = connection.run_idempotent(async |_| failing.call()).await;
        assert_eq!(failing.calls(), idempotent, "idempotent after {sent:?}");
        assert_eq!(answer.unwrap(), 3);
    }
    idle(&connection);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_transient_is_never_repeated_nor_counted() {
    let (_connections, connection) = open("run_permanent", &[]).await;
    for kind in [
        ErrorKind::Authentication,
        ErrorKind::Configuration,
        ErrorKind::Other,
        ErrorKind::Closed,
    ] {
        let failing = Failing::new(kind, Sent::No, 100);
        for _ in 0..10 {
            let answer = connection.run_idempotent(async |_| failing.call()).await;
            assert_eq!(answer.unwrap_err().kind(), kind);
        }
        assert_eq!(failing.calls(), 10, "{kind}");
    }
    assert_eq!(connection.info().circuit_breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_for_all_attempts_together() {
    let (_connections, connection) = open("run_deadline", &[("operation_timeout", "2s")]).await;
    let started = Instant::now();
    let error = connection
        .run(async |_| -> Result<(), Error> { std::future::pending().await })
        .await
        .unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(2));
    assert_eq!(
        (error.kind(), error.request_sent()),
        (ErrorKind::Timeout, Sent::Unknown)
    );
    assert_eq!(
        error.to_string(),
        "connection `run_deadline`: run: it took too long: not done within 2s (timeout); check the network path \
         and the server's load, or allow more time in the configuration"
    );

    let failing = Failing::new(ErrorKind::Overloaded, Sent::Yes, 100);
    let call = CallPolicy::new()
        .idempotent()
        .deadline(Duration::from_millis(500))
        .retry(RetrySettings {
            max_attempts: 100,
            ..RetrySettings::default()
        });
    let started = Instant::now();
    let error = connection
        .run_with(&call, async |_| failing.call())
        .await
        .unwrap_err();
    assert!(started.elapsed() <= Duration::from_millis(500));
    assert_eq!(
        error.kind(),
        ErrorKind::Overloaded,
        "the cause, not a time-out"
    );
    idle(&connection);
}

#[tokio::test(start_paused = true)]
async fn the_servers_word_on_when_to_come_back_counts() {
    let (_connections, connection) = open("run_hint", &[]).await;
    let calls = AtomicUsize::new(0);
    let started = Instant::now();
    connection
        .run_idempotent(async |_| {
            if calls.fetch_add(1, SeqCst) > 0 {
                return Ok(());
            }
            let busy = ConnectError::new(ErrorKind::Overloaded, "429")
                .with_retry_after(Duration::from_secs(17));
            Err::<(), _>(busy.for_connection("run_hint", "query"))
        })
        .await
        .unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(17));
}

#[tokio::test(start_paused = true)]
async fn five_failures_open_the_breaker_and_two_successes_close_it() {
    let (connections, connection) = open("run_breaker", &[]).await;
    let mut events = connections.events();
    let failing = Failing::new(ErrorKind::Timeout, Sent::Unknown, 6);
    for _ in 0..5 {
        let _ = connection.run(async |_| failing.call()).await;
    }
    let error = connection.run(async |_| failing.call()).await.unwrap_err();
    assert_eq!(failing.calls(), 5, "an open breaker lets nothing through");
    assert_eq!(
        (error.kind(), error.request_sent()),
        (ErrorKind::Timeout, Sent::No)
    );
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert!(
        error.to_string().contains(
            "run: not tried: 5 failures within 1m opened the circuit breaker, for another 30s"
        ),
        "{error}"
    );
    let cause = error.source().expect("the last failure").to_string();
    assert!(cause.contains("failure 5"), "{cause}");

    tokio::time::advance(Duration::from_secs(30)).await;
    let _ = connection.run(async |_| failing.call()).await;
    assert_eq!(
        connection.info().circuit_breaker,
        BreakerState::Open,
        "the probe failed"
    );
    tokio::time::advance(Duration::from_secs(30)).await;
    for expected in [BreakerState::HalfOpen, BreakerState::Closed] {
        connection.run(async |_| failing.call()).await.unwrap();
        assert_eq!(connection.info().circuit_breaker, expected);
    }
    let mut changes = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let EventKind::BreakerChanged { to, .. } = event.kind {
            changes.push(to);
        }
    }
    assert_eq!(
        changes,
        [
            BreakerState::Open,
            BreakerState::HalfOpen,
            BreakerState::Open,
            BreakerState::HalfOpen,
            BreakerState::Closed
        ]
    );
    assert_eq!(connection.info().operations.rejections, 1);
}

#[tokio::test(start_paused = true)]
async fn one_failed_attempt_to_connect_is_one_failure_however_many_waited() {
    let (connections, script) = one("run_shared", &[("retry.enabled", "false")]).await;
    script.set_all(Behaviour::refuse());
    let connection = connections.get::<Scripted>("run_shared").unwrap();
    let users: Vec<_> = (0..100)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move { connection.run(async |_| Ok::<_, Error>(())).await })
        })
        .collect();
    for user in users {
        assert_eq!(user.await.unwrap().unwrap_err().kind(), ErrorKind::Refused);
    }
    assert_eq!(script.calls(Call::Open), 1);
    assert_eq!(connection.info().circuit_breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn opening_is_tried_again_even_for_work_that_is_done_once() {
    let (connections, script) = one("run_reopen", &[]).await;
    script.set_all(Behaviour::refuse());
    let connection = connections.get::<Scripted>("run_reopen").unwrap();
    let mut states = connection.watch();
    let working = script.clone();
    let repair = tokio::spawn(async move {
        states
            .wait_for(|state| *state == connreg::State::Failed)
            .await
            .unwrap();
        working.set_all(Behaviour::work());
    });
    connection.run(async |_| Ok::<_, Error>(())).await.unwrap();
    repair.await.unwrap();
    assert!(script.calls(Call::Open) >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_known_outage_is_told_at_once() {
    let (connections, script) = one("run_down", &[("retry.enabled", "false")]).await;
    script.set_all(Behaviour::refuse());
    let connection = connections.get::<Scripted>("run_down").unwrap();
    let mut shown = 0;
    for _ in 0..20 {
        let started = Instant::now();
        let error = connection
            .run_idempotent(async |_| Ok::<_, Error>(()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(started.elapsed() < Duration::from_millis(10));
        shown += usize::from(error.to_string().contains("known to be down"));
    }
    assert!(shown > 0);
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_lets_in_so_many_and_queues_so_many() {
    let settings = [
        ("bulkhead.max_concurrent", "2"),
        ("bulkhead.max_queue", "1"),
        ("bulkhead.max_wait", "5s"),
    ];
    let (_connections, connection) = open("run_bulkhead", &settings).await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let (connection, gate) = (connection.clone(), Arc::clone(&gate));
        tasks.push(tokio::spawn(async move {
            connection
                .run(async |_| {
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, Error>(())
                })
                .await
        }));
        tokio::task::yield_now().await;
    }
    let error = connection
        .run(async |_| Ok::<_, Error>(()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(
        error
            .to_string()
            .contains("not tried: its queue is full: 2 of 2 under way, 1 of 1 waiting"),
        "{error}"
    );
    // The one that waits runs out of time.
    let error = tasks.pop().unwrap().await.unwrap().unwrap_err();
    assert!(
        error.to_string().contains("its turn did not come in time"),
        "{error}"
    );
    gate.add_permits(2);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    idle(&connection);
    assert_eq!(connection.info().circuit_breaker, BreakerState::Closed);
}

#[tokio::test]
async fn a_panic_in_the_operation_leaves_nothing_behind() {
    let (_connections, connection) = open("run_panic", &[("bulkhead.max_concurrent", "1")]).await;
    let panicking = connection.clone();
    let task = tokio::spawn(async move {
        panicking
            .run(async |_| -> Result<(), Error> { panic!("scripted panic") })
            .await
    });
    assert!(task.await.unwrap_err().is_panic());
    idle(&connection);
    let run = connection.run(async |_| Ok::<_, Error>(()));
    timeout(SOON, run).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_connection_runs_nothing() {
    let (connections, connection) = open("run_closed", &[]).await;
    connections.close().await;
    let failing = Failing::new(ErrorKind::Other, Sent::No, 0);
    let error = connection
        .run_idempotent(async |_| failing.call())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), failing.calls()), (ErrorKind::Closed, 0));
}

/// A service's own error.
#[derive(Debug)]
enum ShopError {
    Connection(Error),
    OutOfStock,
}

impl From<Error> for ShopError {
    fn from(error: Error) -> Self {
        Self::Connection(error)
    }
}

impl Classify for ShopError {
    fn fault(&self) -> Fault {
        match self {
            Self::Connection(error) => error.fault(),
            Self::OutOfStock => Fault::permanent(),
        }
    }
}

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(error) => error.fmt(f),
            Self::OutOfStock => f.write_str("out of stock"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_users_own_error_is_as_good() {
    let (_connections, connection) = open("run_own", &[]).await;
    let failing = Failing::new(ErrorKind::Refused, Sent::Unknown, 1);
    let sold = connection
        .run_idempotent(async |_| {
            failing.call()?;
            Ok::<_, ShopError>(7)
        })
        .await;
    assert_eq!((sold.unwrap(), failing.calls()), (7, 2));

    let empty = AtomicUsize::new(0);
    let call = CallPolicy::new()
        .idempotent()
        .classify(|error: &ShopError| match error {
            ShopError::OutOfStock => Fault::transient(),
            ShopError::Connection(error) => error.fault(),
        });
    let sold = connection
        .run_with(&call, async |_| match empty.fetch_add(1, SeqCst) {
            0 => Err(ShopError::OutOfStock),
            _ => Ok(7),
        })
        .await;
    assert_eq!((sold.unwrap(), empty.load(SeqCst)), (7, 2));
}

#[tokio::test]
async fn its_future_can_be_sent_to_another_thread() {
    let (_connections, connection) = open("run_send", &[]).await;
    let task = tokio::spawn(async move {
        connection
            .run(|client| async move {
                tokio::task::yield_now().await;
                Ok::<_, Error>(client.0.number)
            })
            .await
    });
    assert_eq!(task.await.unwrap().unwrap(), 0);
}
