//! Turns, deadlines, and which connection goes out.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::ErrorKind;
use connreg::pool::Pool;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::world::{Made, eventually, pool, pool_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_256_tasks_on_10_connections_none_starves() {
    let (pool, _) = pool("fair").await;
    // A number of turns rather than a time, so that a busy machine tests the same.
    let turns = Arc::new(AtomicU32::new(256 * 40));
    // None before all stand in line: on a busy machine the first would be through by then.
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(pool.acquire().await.unwrap());
    }
    let mut tasks = JoinSet::new();
    for _ in 0..256 {
        let (pool, turns) = (pool.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            let mut done = 0_u32;
            loop {
                let lease = pool.acquire().await.unwrap();
                if turns
                    .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
                    .is_err()
                {
                    return done;
                }
                tokio::task::yield_now().await;
                drop(lease);
                done += 1;
            }
        });
    }
    eventually("all stand in line", || pool.statistics().waiting == 256).await;
    drop(held);
    let done: Vec<f64> = tasks.join_all().await.into_iter().map(f64::from).collect();
    // Jain's index: 1 when all got the same.
    let (sum, squares) = done.iter().fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
    let jain = sum * sum / (256.0 * squares);
    assert!(jain >= 0.99, "{jain}");
    assert!(done.iter().all(|done| *done > 0.0));
}

#[tokio::test]
async fn the_connection_used_last_goes_out_first() {
    let (pool, world) = pool("lifo").await;
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let last = second.number;
    drop(first);
    drop(second);
    for _ in 0..10 {
        assert_eq!(pool.acquire().await.unwrap().number, last);
    }
    assert_eq!(world.made.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_order_and_fail_at_their_own_deadlines() {
    let (pool, _) = pool_with("order", &[("pool_size", "1"), ("pool_timeout", "100ms")]).await;
    let held = pool.acquire().await.unwrap();
    let mut waiters = JoinSet::new();
    let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..3 {
        let (pool, told) = (pool.clone(), told.clone());
        waiters.spawn(async move {
            sleep(Duration::from_millis(number * 10)).await;
            let lease = pool.acquire().await.unwrap();
            told.send(number).unwrap();
            drop(lease);
        });
    }
    sleep(Duration::from_millis(50)).await;
    assert_eq!(pool.statistics().waiting, 3);
    drop(held);
    waiters.join_all().await;
    assert_eq!(
        [order.recv().await, order.recv().await, order.recv().await],
        [Some(0), Some(1), Some(2)]
    );

    let _held = pool.acquire().await.unwrap();
    let started = Instant::now();
    let error = pool.acquire().await.unwrap_err();
    let waited = started.elapsed();
    assert!((100..=110).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    let text = error.to_string();
    assert!(
        text.contains(
            "no connection became free within 100ms: 1 of 1 in use, 1 open, 0 idle, 0 waiting"
        ),
        "{text}"
    );
    assert_eq!(pool.statistics().timeouts, 1);
}

fn is_send<T: Send + 'static>() {}

#[test]
fn leases_can_be_sent_to_other_tasks() {
    is_send::<connreg::pool::Lease<Made>>();
    is_send::<Pool<Made>>();
}
