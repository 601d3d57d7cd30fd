//! Idle time-outs, lifetimes, tests and the smallest size.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::pool::{CloseReason, Pool, PoolEvent};
use connreg::{ErrorKind, PoolSettings};
use tokio::time::{Instant, sleep};

use crate::world::{Made, World, pool, pool_with};

#[tokio::test(start_paused = true)]
async fn only_a_connection_that_was_idle_for_a_second_is_tested() {
    let (pool, world) = pool("tested").await;
    for _ in 0..5 {
        drop(pool.acquire().await.unwrap());
        sleep(Duration::from_millis(900)).await;
    }
    assert_eq!(world.tests.load(SeqCst), 0);
    sleep(Duration::from_millis(200)).await;
    drop(pool.acquire().await.unwrap());
    assert_eq!(world.tests.load(SeqCst), 1);
    sleep(Duration::from_secs(2)).await;
    world.dead.store(true, SeqCst);
    assert_eq!(
        pool.acquire().await.unwrap().number,
        1,
        "the dead one was replaced"
    );
    sleep(Duration::from_millis(1)).await;
    assert_eq!(world.alive.load(SeqCst), 1);
    assert_eq!(pool.statistics().closed_by.of(CloseReason::TestFailed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_lives_for_its_lifetime_less_a_tenth_at_the_most() {
    let (pool, _) = pool_with("aging", &[("pool.max_lifetime", "100s")]).await;
    let number = pool.acquire().await.unwrap().number;
    sleep(Duration::from_secs(89)).await;
    assert_eq!(pool.acquire().await.unwrap().number, number);
    sleep(Duration::from_secs(12)).await;
    assert_ne!(pool.acquire().await.unwrap().number, number);
}

#[tokio::test(start_paused = true)]
async fn what_lies_idle_is_closed_down_to_the_smallest_size() {
    let world = World::new();
    let pool = Pool::builder("idle", Made(Arc::clone(&world)))
        .settings(PoolSettings {
            min_size: 2,
            idle_timeout: Duration::from_mins(1),
            ..PoolSettings::default()
        })
        .build();
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(pool.acquire().await.unwrap());
    }
    drop(held);
    sleep(Duration::from_secs(59)).await;
    assert_eq!(pool.statistics().idle, 5);
    // One that is used stays.
    let used = pool.acquire().await.unwrap().number;
    sleep(Duration::from_secs(40)).await;
    let statistics = pool.statistics();
    assert_eq!((statistics.total, statistics.idle), (2, 2));
    assert_eq!(statistics.closed_by.of(CloseReason::Idle), 3);
    assert_eq!(pool.acquire().await.unwrap().number, used);
    assert_eq!(world.alive.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn idle_ones_are_tested_where_that_is_asked_for() {
    let world = World::new();
    let pool = Pool::builder("while_idle", Made(Arc::clone(&world)))
        .settings(PoolSettings {
            test_while_idle: true,
            ..PoolSettings::default()
        })
        .build();
    let held = [
        pool.acquire().await.unwrap(),
        pool.acquire().await.unwrap(),
        pool.acquire().await.unwrap(),
    ];
    drop(held);
    sleep(Duration::from_mins(5)).await;
    let tests = world.tests.load(SeqCst);
    // Every 30 s or, where that is just missed, 60.
    assert!((3 * 4..=3 * 10).contains(&tests), "{tests}");
    assert_eq!(pool.statistics().idle, 3);
    world.dead.store(true, SeqCst);
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.alive.load(SeqCst), 0, "nobody had to ask");
    assert_eq!(pool.statistics().closed_by.of(CloseReason::TestFailed), 3);
}

#[tokio::test(start_paused = true)]
async fn the_smallest_size_is_opened_step_by_step_and_kept() {
    let world = World::new();
    let pool = Pool::builder("warm", Made(Arc::clone(&world)))
        .min_size(6)
        .build();
    let started = Instant::now();
    pool.warm_up().await.unwrap();
    assert!(started.elapsed() <= Duration::from_secs(3));
    assert_eq!(world.alive.load(SeqCst), 6);
    // Leased ones count: nothing more is opened.
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(pool.acquire().await.unwrap());
    }
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.made.load(SeqCst), 6);
    held.pop().unwrap().discard();
    sleep(Duration::from_secs(2)).await;
    assert_eq!((world.made.load(SeqCst), world.alive.load(SeqCst)), (7, 6));
}

/// The pool's own clock stands still while all others go on, as if they had been set forward.
#[tokio::test(start_paused = true)]
async fn the_wall_clock_ends_no_connection() {
    let world = World::new();
    let pool = Pool::builder("clock", Made(Arc::clone(&world)))
        .settings(PoolSettings {
            idle_timeout: Duration::from_millis(200),
            max_lifetime: Duration::from_secs(1),
            leak_warning: Duration::from_secs(1),
            test_while_idle: true,
            ..PoolSettings::default()
        })
        .build();
    drop(pool.acquire().await.unwrap());
    let opened = Instant::now();
    std::thread::sleep(Duration::from_millis(1_200));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(opened.elapsed(), Duration::ZERO);
    assert_eq!(pool.acquire().await.unwrap().number, 0);
    assert_eq!(world.tests.load(SeqCst), 0, "it was used just now");
    assert_eq!(pool.statistics().closed, 0);
    // By its own clock it goes.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(pool.statistics().closed_by.of(CloseReason::Idle), 1);
}

#[tokio::test(start_paused = true)]
async fn connections_opened_together_do_not_end_together() {
    const SIZE: u32 = 20;
    let world = World::new();
    let ends = Arc::<std::sync::Mutex<Vec<Instant>>>::default();
    let pool = Pool::builder("jitter", Made(Arc::clone(&world)))
        .max_size(SIZE)
        .min_size(SIZE)
        .on_event({
            let ends = Arc::clone(&ends);
            move |event| {
                if let PoolEvent::Closed { reason, .. } = event
                    && reason == CloseReason::Lifetime
                {
                    ends.lock().unwrap().push(Instant::now());
                }
            }
        })
        .build();
    let opened = Instant::now();
    sleep(Duration::from_hours(2)).await;
    let ends = ends.lock().unwrap().clone();
    assert!(ends.len() >= 3 * SIZE as usize, "{}", ends.len());
    assert!(ends[0].duration_since(opened) >= Duration::from_mins(10));
    let mut minutes = HashMap::<u64, u32>::new();
    for end in &ends {
        *minutes
            .entry(end.duration_since(opened).as_secs() / 60)
            .or_default() += 1;
    }
    let most = minutes.values().max().unwrap();
    assert!(*most <= SIZE / 10, "{most} in one minute");
    drop(pool);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_is_dropped_ends_its_upkeep_and_its_connections() {
    let world = World::new();
    let pool = Pool::builder("dropped", Made(Arc::clone(&world)))
        .min_size(2)
        .build();
    pool.warm_up().await.unwrap();
    let lease = pool.acquire().await.unwrap();
    drop(pool);
    sleep(Duration::from_mins(5)).await;
    drop(lease);
    sleep(Duration::from_mins(5)).await;
    assert_eq!(world.alive.load(SeqCst), 0);
    assert_eq!(Arc::strong_count(&world), 1, "no task holds the pool");
}

#[tokio::test(start_paused = true)]
async fn limits_without_end_end_nothing() {
    let world = World::new();
    let endless = PoolSettings {
        acquire_timeout: Duration::MAX,
        idle_timeout: Duration::MAX,
        max_lifetime: Duration::MAX,
        leak_warning: Duration::MAX,
        slow_acquire_warning: Duration::MAX,
        ..PoolSettings::default()
    };
    let pool = Pool::builder("endless", Made(Arc::clone(&world)))
        .settings(endless)
        .connect_timeout(Duration::MAX)
        .build();
    pool.check().await.unwrap();
    let held = pool.acquire().await.unwrap();
    sleep(Duration::from_hours(24)).await;
    drop(held);
    assert_eq!(pool.acquire().await.unwrap().number, 1, "the same");
    pool.close().await;
    assert_eq!(world.alive.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_warms_a_pool_up_hears_that_it_was_closed() {
    let world = World::new();
    world.connecting_takes(Duration::from_mins(1));
    let pool = Pool::builder("cold", Made(world))
        .min_size(2)
        .connect_timeout(Duration::from_mins(2))
        .build();
    let started = Instant::now();
    let (warm, ()) = tokio::join!(pool.warm_up(), async {
        sleep(Duration::from_secs(1)).await;
        pool.close().await;
    });
    assert_eq!(warm.unwrap_err().kind(), ErrorKind::Closed);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(pool.warm_up().await.unwrap_err().kind(), ErrorKind::Closed);
}

/// Retired, closed, lost: a pool is filled up again at the pace that it was filled at first.
#[tokio::test(start_paused = true)]
async fn the_smallest_size_is_made_up_for_two_connections_a_second() {
    let world = World::new();
    let pool = Pool::builder("refilled", Made(Arc::clone(&world)))
        .min_size(10)
        .build();
    pool.warm_up().await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let before = world.made.load(SeqCst);
    pool.retire();
    sleep(Duration::from_millis(2500)).await;
    let made = world.made.load(SeqCst) - before;
    assert!((2..=6).contains(&made), "{made}");
    sleep(Duration::from_secs(5)).await;
    assert_eq!(pool.statistics().total, 10);
}
