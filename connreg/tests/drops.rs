//! Every public future is dropped at every await point; afterwards nothing is in flight, held, or stuck.

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "pool/world.rs"]
mod pooled;
#[allow(dead_code, reason = "other tests need more of it")]
#[path = "runtime/scripted.rs"]
mod scripted;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use connreg::policy::{circuit_breaker, retry};
use connreg::testing::drop_at_every_await;
use connreg::{
    BreakerState, CircuitBreakerSettings, ConnectError, Connection, Connections, Error, ErrorKind,
    RetrySettings,
};
use scripted::{Call, SOON, Scripted, load, one, settles};
use tokio::task::yield_now;
use tokio::time::timeout;

const RECOVERY: Duration = Duration::from_secs(30);

fn transient() -> Error {
    ConnectError::new(ErrorKind::Overloaded, "scripted").for_connection("scripted", "query")
}

/// Nothing is in flight, and the next operation gets through at once.
async fn is_free(connection: &Connection<Scripted>) {
    assert_eq!(connection.info().executing, 0);
    let run = connection.run(async |_| Ok::<_, Error>(()));
    timeout(SOON, run).await.expect("a turn").unwrap();
    assert_eq!(connection.info().executing, 0);
}

async fn opened(name: &str, more: &[(&str, &str)]) -> (Connections, Connection<Scripted>) {
    let (connections, _) = one(name, more).await;
    let connection = connections.get::<Scripted>(name).unwrap();
    connection.client().await.unwrap();
    (connections, connection)
}

#[tokio::test(start_paused = true)]
async fn run() {
    let settings = [
        ("bulkhead.max_concurrent", "1"),
        ("operation_timeout", "10s"),
    ];
    let (_connections, connection) = opened("drop_run", &settings).await;
    let work = || {
        connection.run(|client| async move {
            yield_now().await;
            yield_now().await;
            Ok::<_, Error>(client.0.number)
        })
    };
    let points = drop_at_every_await(work, async || is_free(&connection).await).await;
    assert_eq!(points, 3);
}

#[tokio::test(start_paused = true)]
async fn run_that_waits_for_its_turn() {
    let settings = [("bulkhead.max_concurrent", "1")];
    let (_connections, connection) = opened("drop_turn", &settings).await;
    let work = || {
        let blocking = connection.clone();
        let connection = &connection;
        async move {
            // Another one has the turn and gives it back while this one waits.
            let other = tokio::spawn(async move {
                blocking
                    .run(async |_| {
                        for _ in 0..4 {
                            yield_now().await;
                        }
                        Ok::<_, Error>(())
                    })
                    .await
            });
            yield_now().await;
            let ran = connection.run(async |_| Ok::<_, Error>(())).await;
            other.await.unwrap().unwrap();
            ran
        }
    };
    let points = drop_at_every_await(work, async || {
        while connection.info().executing > 0 {
            yield_now().await;
        }
        is_free(&connection).await;
    })
    .await;
    assert!(points >= 3, "{points}");
}

#[tokio::test(start_paused = true)]
async fn run_idempotent() {
    let settings = [
        ("bulkhead.max_concurrent", "1"),
        ("circuit_breaker.failure_threshold", "10000"),
    ];
    let (_connections, connection) = opened("drop_idempotent", &settings).await;
    let calls = AtomicUsize::new(0);
    let work = || {
        calls.store(0, SeqCst);
        connection.run_idempotent(async |_| {
            yield_now().await;
            match calls.fetch_add(1, SeqCst) {
                0 | 1 => Err(transient()),
                _ => Ok(()),
            }
        })
    };
    let points = drop_at_every_await(work, async || is_free(&connection).await).await;
    assert!(points >= 6, "three attempts and two delays: {points}");
}

#[tokio::test(start_paused = true)]
async fn run_through_a_half_open_breaker() {
    let settings = [
        ("circuit_breaker.failure_threshold", "1"),
        ("circuit_breaker.success_threshold", "1"),
    ];
    let (_connections, connection) = opened("drop_probe", &settings).await;
    let open_breaker = async || {
        let _ = connection.run(async |_| Err::<(), _>(transient())).await;
        assert_eq!(connection.info().circuit_breaker, BreakerState::Open);
        tokio::time::advance(RECOVERY).await;
    };
    open_breaker().await;
    let work = || {
        connection.run(async |_| {
            yield_now().await;
            yield_now().await;
            Ok::<_, Error>(())
        })
    };
    let points = drop_at_every_await(work, async || {
        is_free(&connection).await;
        assert_eq!(connection.info().circuit_breaker, BreakerState::Closed);
        open_breaker().await;
    })
    .await;
    assert_eq!(points, 3);
}

#[tokio::test]
async fn client_of_an_unopened_connection() {
    let script = scripted::faults_of("drop_client");
    let all = Mutex::new(Vec::new());
    let opening = || async {
        let name = format!("drop_client_{}", all.lock().unwrap().len());
        let connections = load(&[
            (&format!("{name}.type"), "scripted"),
            (&format!("{name}.script"), "drop_client"),
        ])
        .await;
        let connection = connections.get::<Scripted>(&name).unwrap();
        all.lock().unwrap().push((connections, connection.clone()));
        connection.client().await.map(drop)
    };
    drop_at_every_await(opening, async || {
        let last = all.lock().unwrap().last().map(|(_, last)| last.clone());
        let Some(connection) = last else { return };
        // Whoever asks next shares the attempt or begins one.
        timeout(SOON, connection.client()).await.unwrap().unwrap();
        let opened = all.lock().unwrap().len();
        settles(&script, opened).await;
        assert_eq!(script.calls(Call::Open), opened, "one attempt each");
    })
    .await;
}

#[tokio::test]
async fn reconnect_check_and_ensure_connected() {
    let name = "drop_reconnect";
    let (connections, script) = one(name, &[]).await;
    let connection = connections.get::<Scripted>(name).unwrap();
    connection.client().await.unwrap();
    let settled = async || {
        timeout(SOON, connection.check()).await.unwrap().unwrap();
        // A dropped `reconnect` goes on by itself; one client is left in the end.
        settles(&script, 1).await;
        assert_eq!(connection.info().executing, 0);
    };
    drop_at_every_await(|| connection.reconnect(), settled).await;
    drop_at_every_await(|| connection.check(), settled).await;
    drop_at_every_await(|| connection.ensure_connected(), settled).await;
}

#[tokio::test]
async fn close() {
    let number = AtomicUsize::new(0);
    let script = scripted::faults_of("drop_close");
    let closing = || async {
        let name = format!("drop_close_{}", number.fetch_add(1, SeqCst));
        let connections = load(&[
            (&format!("{name}.type"), "scripted"),
            (&format!("{name}.script"), "drop_close"),
        ])
        .await;
        let connection = connections.get::<Scripted>(&name).unwrap();
        connection.client().await.unwrap();
        connections.close().await
    };
    drop_at_every_await(closing, async || settles(&script, 0).await).await;
}

#[tokio::test]
async fn reload() {
    let name = "drop_reload";
    let (connections, script) = one(name, &[]).await;
    let connection = connections.get::<Scripted>(name).unwrap();
    connection.client().await.unwrap();
    drop_at_every_await(
        || connections.reload(),
        async || {
            // The next one is not kept out by the one that was dropped.
            timeout(SOON, connections.reload()).await.unwrap().unwrap();
            timeout(SOON, connection.client()).await.unwrap().unwrap();
            settles(&script, 1).await;
        },
    )
    .await;
}

#[tokio::test]
async fn acquire() {
    let settings = [("pool.max_size", "1")];
    let (pool, world) = pooled::pool_with("drop_acquire", &settings).await;
    let free = async || {
        let lease = timeout(SOON, pool.acquire()).await.unwrap().unwrap();
        assert_eq!(pool.statistics().active, 1);
        drop(lease);
        assert_eq!(pool.statistics().active, 0);
        assert!(world.alive.load(SeqCst) <= 1);
    };
    let acquire = || async { pool.acquire().await.map(drop) };
    drop_at_every_await(acquire, free).await;
    // The same where somebody else has it first.
    let waiting = || {
        let other = pool.clone();
        async {
            let holding = tokio::spawn(async move {
                let _lease = other.acquire().await.unwrap();
                for _ in 0..4 {
                    yield_now().await;
                }
            });
            yield_now().await;
            let acquired = pool.acquire().await.map(drop);
            holding.await.unwrap();
            acquired
        }
    };
    let points = drop_at_every_await(waiting, async || {
        while pool.statistics().active > 0 {
            yield_now().await;
        }
        free().await;
    })
    .await;
    assert!(points >= 3, "{points}");
}

#[tokio::test(start_paused = true)]
async fn a_users_own_function_under_retry_and_breaker() {
    let settings = CircuitBreakerSettings {
        failure_threshold: 1,
        success_threshold: 1,
        ..CircuitBreakerSettings::default()
    };
    let breaker = circuit_breaker("own", settings);
    let open_breaker = async || {
        let failed = breaker.run(async || Err::<(), _>(transient())).await;
        assert!(failed.is_err());
        assert_eq!(breaker.state(), BreakerState::Open);
        tokio::time::advance(RECOVERY).await;
    };
    open_breaker().await;
    let guarded = retry(RetrySettings::default()).circuit_breaker(breaker.clone());
    let work = || {
        guarded.run(async || {
            yield_now().await;
            yield_now().await;
            Ok::<_, Error>(())
        })
    };
    let points = drop_at_every_await(work, async || {
        guarded.run(async || Ok::<_, Error>(())).await.unwrap();
        assert_eq!(breaker.state(), BreakerState::Closed);
        open_breaker().await;
    })
    .await;
    assert_eq!(points, 3);
}
