//! How leases end, and what ends or holds back all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::ErrorKind;
use connreg::pool::{CloseReason, Pool};
use tokio::time::{Instant, sleep, timeout};

use crate::world::{Made, World, pool};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_lease_dropped_with_a_request_under_way_is_closed() {
    let (pool, world) = pool("busy").await;
    let mut lease = pool.acquire().await.unwrap();
    lease.begin();
    drop(lease);
    // Counted at once, closed in a task of its own.
    assert_eq!(pool.statistics().closed_by.of(CloseReason::Abandoned), 1);
    tokio::task::yield_now().await;
    assert_eq!(world.alive.load(SeqCst), 0);
    let mut lease = pool.acquire().await.unwrap();
    assert_eq!(lease.number, 1);
    lease.begin();
    lease.done();
    drop(lease);
    let lease = pool.acquire().await.unwrap();
    assert_eq!(lease.number, 1);
    lease.discard();
    assert_eq!(pool.statistics().closed_by.of(CloseReason::Discarded), 1);
    tokio::task::yield_now().await;
    assert_eq!(world.alive.load(SeqCst), 0);
    let statistics = pool.statistics();
    assert_eq!(
        (statistics.created, statistics.closed, statistics.active),
        (2, 2, 0)
    );
}

#[tokio::test]
async fn closing_waits_for_leases_and_refuses_new_ones() {
    let (pool, world) = pool("closing").await;
    let (held, idle) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(idle);
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    let error = loop {
        match pool.acquire().await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(!closing.is_finished());
    drop(held);
    timeout(SOON, closing).await.unwrap().unwrap();
    assert_eq!(world.alive.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_goodbye_does_not_hold_up_the_next_caller() {
    let world = World::new();
    world.closing_takes(Duration::from_secs(3));
    let pool = Pool::builder("goodbye", Made(Arc::clone(&world)))
        .max_size(1)
        .build();
    pool.acquire().await.unwrap().discard();
    let started = Instant::now();
    let mut lease = pool.acquire().await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(10));
    assert_eq!(world.alive.load(SeqCst), 2, "the old one is being closed");
    lease.begin();
    drop(lease);
    pool.close().await;
    assert_eq!(world.alive.load(SeqCst), 0, "closing waits for it");
}

#[tokio::test(start_paused = true)]
async fn retiring_closes_the_idle_at_once_and_the_others_when_they_come_back() {
    let world = World::new();
    let pool = Pool::builder("retired", Made(Arc::clone(&world))).build();
    let (held, idle) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(idle);
    pool.retire();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(world.alive.load(SeqCst), 1);
    let fresh = pool.acquire().await.unwrap();
    assert_eq!(fresh.number, 2);
    drop(fresh);
    drop(held);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(world.alive.load(SeqCst), 1);
    let statistics = pool.statistics();
    assert_eq!(statistics.closed_by.of(CloseReason::Retired), 2);
    assert_eq!((statistics.total, statistics.idle), (1, 1));
    assert_eq!(pool.acquire().await.unwrap().number, 2);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_being_opened_when_the_others_were_retired_is_retired_too() {
    let world = World::new();
    world.connecting_takes(Duration::from_millis(100));
    let pool = Pool::builder("late", Made(Arc::clone(&world))).build();
    let asking = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.unwrap().number }
    });
    sleep(Duration::from_millis(50)).await;
    pool.retire();
    assert_eq!(asking.await.unwrap(), 1, "not the one that was under way");
}

#[tokio::test(start_paused = true)]
async fn a_suspended_pool_lets_callers_wait_each_to_its_own_deadline() {
    let world = World::new();
    let pool = Pool::builder("switch-over", Made(Arc::clone(&world)))
        .max_size(1)
        .build();
    let held = pool.acquire().await.unwrap();
    pool.suspend();
    let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..3 {
        let (pool, told) = (pool.clone(), told.clone());
        tokio::spawn(async move {
            sleep(Duration::from_millis(number * 10)).await;
            let lease = pool.acquire().await.unwrap();
            told.send(number).unwrap();
            drop(lease);
        });
    }
    sleep(Duration::from_secs(1)).await;
    drop(held);
    sleep(Duration::from_secs(1)).await;
    assert!(order.try_recv().is_err());
    assert_eq!(pool.statistics().waiting, 3);
    pool.resume();
    for number in 0..3 {
        assert_eq!(order.recv().await, Some(number));
    }

    pool.suspend();
    let started = Instant::now();
    let error = pool.acquire().await.unwrap_err();
    let waited = started.elapsed();
    assert!((5_000..=5_010).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error.to_string().contains("suspended for all of 5s"),
        "{error}"
    );
    // Closing ends the waiting.
    let asking = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    sleep(Duration::from_millis(1)).await;
    pool.close().await;
    let error = timeout(SOON, asking).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn closing_tells_those_who_wait_for_a_connection_to_open() {
    let world = World::new();
    world.connecting_takes(Duration::from_secs(4));
    let pool = Pool::builder("opening", Made(Arc::clone(&world))).build();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    sleep(Duration::from_secs(1)).await;
    let started = Instant::now();
    pool.close().await;
    let error = waiter.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(started.elapsed() < Duration::from_secs(1));
    sleep(Duration::from_secs(10)).await;
    assert_eq!(world.alive.load(SeqCst), 0, "what came too late is closed");
}

#[tokio::test(start_paused = true)]
async fn closing_tells_those_who_wait_for_room_on_the_server() {
    let world = World::new();
    let pool = Pool::builder("no room", Made(Arc::clone(&world))).build();
    let held = pool.acquire().await.unwrap();
    world.refuse(Some(ErrorKind::Overloaded));
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    // In the middle of the pause between two attempts.
    sleep(Duration::from_millis(50)).await;
    let closing = tokio::spawn(async move { pool.close().await });
    let told = Instant::now();
    let error = waiter.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert!(told.elapsed() < Duration::from_millis(10));
    drop(held);
    closing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_pool_names_its_oldest_holders() {
    let world = World::new();
    let pool = Pool::builder("exhausted", Made(Arc::clone(&world)))
        .max_size(4)
        .acquire_timeout(Duration::from_secs(1))
        .build();
    let mut held = Vec::new();
    let first = line!() + 2;
    for _ in 0..4 {
        held.push(pool.acquire().await.unwrap());
        sleep(Duration::from_secs(1)).await;
    }
    let error = pool.acquire().await.unwrap_err().to_string();
    assert!(
        error.contains("4 of 4 in use, 4 open, 0 idle, 0 waiting; held longest: "),
        "{error}"
    );
    let (_, holders) = error.split_once("held longest: ").unwrap();
    let place = format!("leases.rs:{first}:");
    assert_eq!(holders.matches(&place).count(), 3, "{error}");
    for time in [" for 5s", " for 4s", " for 3s"] {
        assert!(holders.contains(time), "{error}");
    }
    assert!(!holders.contains(" for 2s"), "{error}");
}
