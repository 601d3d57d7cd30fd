//! Callers, operators and upkeep on several threads, as fast as they can.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::pool::Pool;
use connreg::{ErrorKind, PoolSettings};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use crate::cancellation::cancellations;
use crate::model::{Model, lock};
use crate::world::{Made, World, eventually};

const SIZE: u32 = 4;
const CALLERS: u64 = 12;
const SOON: Duration = Duration::from_secs(30);

/// One caller: asks, holds a little, and ends in one way or another.
async fn call(pool: &Pool<Made>, random: &mut fastrand::Rng) {
    let patience = Duration::from_micros(random.u64(1..3_000));
    // Refused, suspended or too slow: others have their turn.
    let Ok(Ok(mut lease)) = timeout(patience, pool.acquire()).await else {
        return;
    };
    assert!(
        !lease.in_use.swap(true, SeqCst),
        "two callers, one connection"
    );
    if random.u8(..3) > 0 {
        yield_now().await;
    }
    lease.in_use.store(false, SeqCst);
    match random.u8(..10) {
        0 => lease.begin(),
        1 => lease.discard(),
        _ => {}
    }
}

/// An operator and a server with their moods.
async fn disturb(pool: &Pool<Made>, world: &World, is_over: &AtomicBool) {
    let mut random = fastrand::Rng::with_seed(99);
    while !is_over.load(SeqCst) {
        match random.u8(..8) {
            0 | 1 => pool.retire(),
            2 => pool.suspend(),
            3 => world.refuse(Some(ErrorKind::Refused)),
            4 => world.refuse(Some(ErrorKind::Overloaded)),
            5 => world.connecting_takes(Duration::from_micros(random.u64(..2_000))),
            6 => world.broken.store(true, SeqCst),
            // Nobody is asked: whoever is in is told.
            _ => pool.server_is_back(),
        }
        tokio::time::sleep(Duration::from_micros(random.u64(..1_500))).await;
        world.broken.store(false, SeqCst);
        world.refuse(None);
        pool.resume();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_all_do_as_they_like_leave_a_pool_that_is_whole() {
    let (world, model) = (World::new(), Model::new(SIZE, false));
    let pool = Pool::builder("threads", Made(Arc::clone(&world)))
        .settings(PoolSettings {
            max_size: SIZE,
            min_size: 2,
            max_connecting: 4,
            idle_timeout: Duration::from_millis(2),
            test_while_idle: true,
            ..PoolSettings::default()
        })
        .on_event({
            let model = Arc::clone(&model);
            move |event| lock(&model).note(&event)
        })
        .build();
    let is_over = Arc::new(AtomicBool::new(false));
    let operator = tokio::spawn({
        let (pool, world, is_over) = (pool.clone(), Arc::clone(&world), Arc::clone(&is_over));
        async move { disturb(&pool, &world, &is_over).await }
    });
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let pool = pool.clone();
        callers.spawn(async move {
            let mut random = fastrand::Rng::with_seed(caller);
            for _ in 0..cancellations() / CALLERS {
                call(&pool, &mut random).await;
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    is_over.store(true, SeqCst);
    operator.await.unwrap();
    world.connecting_takes(Duration::ZERO);
    pool.server_is_back();

    let mut held = Vec::new();
    while held.len() < SIZE as usize {
        // One that was told of the last outage asks again.
        if let Ok(lease) = timeout(SOON, pool.acquire()).await.unwrap() {
            held.push(lease);
        }
    }
    let statistics = pool.statistics();
    assert_eq!(
        (statistics.total, statistics.active, statistics.waiting),
        (SIZE, SIZE, 0)
    );
    drop(held);
    pool.close().await;
    let statistics = pool.statistics();
    assert_eq!(
        (statistics.total, statistics.created),
        (0, statistics.closed)
    );
    eventually("all have gone", || world.alive.load(SeqCst) == 0).await;
    let model = lock(&model);
    assert!(model.wrong.is_empty(), "{:?}", model.wrong);
    assert!(model.live.is_empty() && model.leased.is_empty());
    assert!(statistics.created > 100, "{statistics:?}");
}
