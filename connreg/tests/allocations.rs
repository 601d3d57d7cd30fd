//! An open connection's client comes without a single allocation, and work runs on it without one.

mod resting;

use allocation_counter::measure;
use resting::{Named, Resting, many, ready};

/// The bytes that so many connections hold, their settings included. On one thread, since bytes are counted by thread.
fn held_by(number: usize) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let tasks = || runtime.metrics().num_alive_tasks();
    let connections = runtime.block_on(many(number));
    assert_eq!(connections.len(), number);
    // The health monitor has had a look.
    runtime.block_on(async { tokio::task::yield_now().await });
    assert_eq!(tasks(), 1, "one task for all connections");
    let freed = measure(|| {
        drop(connections);
        runtime.block_on(async {
            while tasks() > 0 {
                tokio::task::yield_now().await;
            }
        });
    });
    -freed.bytes_current
}

#[test]
fn a_connection_that_nobody_uses_holds_a_kilobyte_at_most() {
    let each = (held_by(1_100) - held_by(100)) / 1_000;
    assert!((1..=1_024).contains(&each), "{each} bytes");
}

#[test]
fn get_and_client_on_an_open_connection_allocate_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connections = runtime.block_on(resting::connections());
    let opened = measure(|| {
        runtime.block_on(async {
            connections
                .get::<Resting>("resting")
                .unwrap()
                .client()
                .await
                .unwrap();
        });
    });
    assert!(
        opened.count_total > 0,
        "opening allocates, or nothing is counted"
    );

    let used = measure(|| {
        for _ in 0..100 {
            let connection = connections.get::<Resting>("resting").unwrap();
            assert_eq!(*ready(connection.client()).unwrap(), 42);
        }
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn a_capability_of_an_open_connection_allocates_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connections = runtime.block_on(resting::connections());
    let named = connections.get_as::<dyn Named>("resting").unwrap();
    runtime
        .block_on(async { named.client().await.map(drop) })
        .unwrap();
    let used = measure(|| {
        for _ in 0..100 {
            assert_eq!(ready(named.client()).unwrap().name(), "resting");
        }
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn run_with_everything_on_allocates_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connections = runtime.block_on(resting::guarded());
    let connection = connections.get::<Resting>("resting").unwrap();
    // Deadlines need a runtime's clock.
    let _entered = runtime.enter();
    runtime
        .block_on(connection.run(|client| async move { Ok::<_, connreg::Error>(*client) }))
        .unwrap();
    let used = measure(|| {
        for _ in 0..100 {
            let answer =
                ready(connection.run(|client| async move { Ok::<_, connreg::Error>(*client) }));
            assert_eq!(answer.unwrap(), 42);
        }
    });
    assert_eq!(used.count_total, 0);
    assert_eq!(connection.info().operations.operations, 101);
}
