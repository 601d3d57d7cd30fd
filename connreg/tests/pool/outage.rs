//! Servers that refuse, are full, panic or have gone: who is told what, and when it is tried again.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::pool::{CloseReason, Pool};
use connreg::{ErrorKind, State};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::world::{Made, Pooled, World, eventually, load, pool, pool_with};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_failure_to_connect_is_told_at_once_to_all_who_wait() {
    let (pool, world) = pool("refusing").await;
    world.refuse(Some(ErrorKind::Tls));
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..30 {
        let pool = pool.clone();
        callers.spawn(async move { pool.acquire().await.unwrap_err() });
    }
    for error in timeout(SOON, callers.join_all()).await.unwrap() {
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(
            error
                .to_string()
                .contains("connection `refusing`: acquire: scripted"),
            "{error}"
        );
    }
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "nobody waited for acquire_timeout"
    );
    assert!(world.attempts.load(SeqCst) <= 2, "the prober's, at most");
    world.refuse(None);
    eventually("the prober has found it", || pool.statistics().idle == 1).await;
    timeout(SOON, pool.acquire()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_without_room_for_more_leaves_the_pool_working() {
    let (pool, world) = pool("crowded").await;
    let held = pool.acquire().await.unwrap();
    world.refuse(Some(ErrorKind::Overloaded));
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(|lease| lease.number) }
    });
    while world.attempts.load(SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let number = held.number;
    drop(held);
    assert_eq!(
        timeout(SOON, waiter).await.unwrap().unwrap().unwrap(),
        number
    );
}

#[tokio::test]
async fn a_panic_while_connecting_costs_no_slot() {
    let (pool, world) = pool_with("panicking_pool", &[("pool_size", "1")]).await;
    world.panics.store(true, SeqCst);
    for _ in 0..3 {
        let error = timeout(SOON, pool.acquire()).await.unwrap().unwrap_err();
        assert!(
            error.to_string().contains("the back end panicked"),
            "{error}"
        );
    }
    world.panics.store(false, SeqCst);
    eventually("the prober has found it", || pool.statistics().idle == 1).await;
    timeout(SOON, pool.acquire()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_the_server_is_down_callers_fail_at_once_and_one_prober_tries() {
    let world = World::new();
    let pool = Pool::builder("down", Made(Arc::clone(&world))).build();
    world.refuse(Some(ErrorKind::Refused));
    pool.acquire().await.unwrap_err();
    assert_eq!(world.attempts.load(SeqCst), 1);
    let down = Instant::now();
    let mut asked = 0;
    while down.elapsed() < Duration::from_mins(10) {
        let started = Instant::now();
        let error = pool.acquire().await.unwrap_err();
        assert!(started.elapsed() < Duration::from_millis(10));
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains("scripted"), "{error}");
        asked += 1;
        sleep(Duration::from_millis(100)).await;
    }
    let tries = world.attempts.load(SeqCst);
    // 100 ms × 2, at most 30 s, each a random part of that: about fifty in ten minutes.
    assert!(asked > 5_000 && (20..200).contains(&tries), "{tries}");
    assert_eq!(pool.statistics().timeouts, 0);

    world.refuse(None);
    let back = Instant::now();
    while pool.acquire().await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(back.elapsed() <= Duration::from_secs(31), "one pause");
    assert_eq!(world.alive.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_quiet_time_whoever_asks_first_tries() {
    let world = World::new();
    let pool = Pool::builder("quiet", Made(Arc::clone(&world))).build();
    world.refuse(Some(ErrorKind::Refused));
    pool.acquire().await.unwrap_err();
    sleep(Duration::from_mins(10)).await;
    let tries = world.attempts.load(SeqCst);
    sleep(Duration::from_hours(1)).await;
    assert_eq!(world.attempts.load(SeqCst), tries, "nobody asks");
    world.refuse(None);
    pool.acquire().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_handed_out_even_while_the_server_takes_no_new_ones() {
    let world = World::new();
    let pool = Pool::builder("half", Made(Arc::clone(&world))).build();
    let held = pool.acquire().await.unwrap();
    world.refuse(Some(ErrorKind::Refused));
    pool.acquire().await.unwrap_err();
    drop(held);
    pool.acquire().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_tried_three_times_and_never_told_as_a_time_out() {
    let world = World::new();
    let pool = Pool::builder("credential", Made(Arc::clone(&world)))
        .min_size(2)
        .build();
    world.refuse(Some(ErrorKind::Authentication));
    let started = Instant::now();
    while started.elapsed() < Duration::from_mins(30) {
        let asked = Instant::now();
        let error = pool.acquire().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        assert!(asked.elapsed() < Duration::from_millis(10));
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(world.attempts.load(SeqCst), 3);
    // Another one is tried at once, or nearly so.
    world.refuse(None);
    world.credential.store(1, SeqCst);
    pool.acquire().await.unwrap();

    // Or it was mended on the server, and somebody says so.
    world.refuse(Some(ErrorKind::Authentication));
    pool.retire();
    sleep(Duration::from_mins(10)).await;
    world.refuse(None);
    pool.server_is_back();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    pool.retire();
    pool.acquire().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_servers_connections_are_replaced_without_an_error() {
    let world = World::new();
    let pool = Pool::builder("restarted", Made(Arc::clone(&world)))
        .max_size(3)
        .build();
    let held = [
        pool.acquire().await.unwrap(),
        pool.acquire().await.unwrap(),
        pool.acquire().await.unwrap(),
    ];
    world.broken.store(true, SeqCst);
    drop(held);
    world.broken.store(false, SeqCst);
    pool.acquire().await.unwrap();
    let statistics = pool.statistics();
    assert_eq!(
        (statistics.created, statistics.closed, statistics.total),
        (4, 3, 1)
    );
    assert_eq!(statistics.closed_by.of(CloseReason::Broken), 3);
}

#[tokio::test(start_paused = true)]
async fn warming_up_tells_why_it_can_not() {
    let world = World::new();
    world.refuse(Some(ErrorKind::Dns));
    let pool = Pool::builder("cold", Made(Arc::clone(&world)))
        .min_size(3)
        .build();
    let error = pool.warm_up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Dns);
    assert!(error.to_string().contains("`cold`: warm up"), "{error}");
    world.refuse(None);
    pool.server_is_back();
    // The prober, or the upkeep, brings it to its size with nobody asking.
    sleep(Duration::from_secs(40)).await;
    pool.warm_up().await.unwrap();
    assert_eq!(world.alive.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_finds_the_role_changed_retires_its_generation_once() {
    let world = World::new();
    let pool = Pool::builder("demoted", Made(Arc::clone(&world))).build();
    let stale = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    assert!(stale[0].retire_pool());
    assert!(!stale[1].retire_pool(), "another lease has done it");
    drop(stale);
    let fresh = pool.acquire().await.unwrap();
    assert!(!fresh.retire_pool(), "not so soon again");
    drop(fresh);
    let statistics = pool.statistics();
    assert_eq!(statistics.closed_by.of(CloseReason::Retired), 2);
    assert_eq!(statistics.total, 1);

    // Roles are being looked for: every 100 ms for 30 s, by one prober, however many ask.
    world.refuse(Some(ErrorKind::Role));
    sleep(Duration::from_millis(100)).await;
    let found = pool.acquire().await.unwrap();
    assert!(found.retire_pool());
    drop(found);
    assert_eq!(pool.acquire().await.unwrap_err().kind(), ErrorKind::Role);
    let before = world.attempts.load(SeqCst);
    let looking = Instant::now();
    while looking.elapsed() < Duration::from_secs(30) {
        assert_eq!(pool.acquire().await.unwrap_err().kind(), ErrorKind::Role);
        sleep(Duration::from_millis(10)).await;
    }
    let looks = world.attempts.load(SeqCst) - before;
    assert!((290..=301).contains(&looks), "{looks}");
    world.refuse(None);
    pool.server_is_back();
    pool.acquire().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_second_is_over_within_half_a_second() {
    let mut late = Vec::new();
    for _ in 0..99 {
        let world = World::new();
        let pool = Pool::builder("short", Made(Arc::clone(&world))).build();
        world.refuse(Some(ErrorKind::Refused));
        let down = Instant::now();
        while down.elapsed() < Duration::from_secs(1) {
            pool.acquire().await.unwrap_err();
            sleep(Duration::from_millis(5)).await;
        }
        let tries = world.attempts.load(SeqCst);
        assert!(tries < 50, "{tries}: a storm");
        world.refuse(None);
        let back = Instant::now();
        while pool.acquire().await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
        late.push(back.elapsed());
    }
    late.sort();
    assert!(late[98] <= Duration::from_millis(520), "{late:?}");
    assert!(late[49] <= Duration::from_millis(250), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_pool_finds_out_is_known_of_the_connection_within_a_second() {
    let (connections, world) = load("told", &[]).await;
    let handle = connections.get::<Pooled>("told").unwrap();
    let pool = handle.client().await.unwrap();
    drop(pool.acquire().await.unwrap());
    let mut states = handle.watch();
    // Nobody uses `run`, and the first to find out is whoever asks next.
    world.broken.store(true, SeqCst);
    world.refuse(Some(ErrorKind::Refused));
    let gone = Instant::now();
    pool.acquire().await.unwrap_err();
    let down = states.wait_for(|state| *state == State::Unhealthy);
    timeout(SOON, down).await.unwrap().unwrap();
    assert!(
        gone.elapsed() < Duration::from_millis(1_100),
        "{:?}",
        gone.elapsed()
    );
    while gone.elapsed() < Duration::from_mins(10) {
        pool.acquire().await.unwrap_err();
        sleep(Duration::from_millis(100)).await;
    }
    // Two look after it, the pool and the monitor, each at its own growing pace.
    let tries = world.attempts.load(SeqCst);
    assert!(tries < 200, "{tries}");

    world.broken.store(false, SeqCst);
    world.refuse(None);
    while pool.acquire().await.is_err() {
        sleep(Duration::from_millis(1)).await;
    }
    let served = Instant::now();
    let back = states.wait_for(|state| *state == State::Connected);
    timeout(SOON, back).await.unwrap().unwrap();
    assert!(
        served.elapsed() < Duration::from_millis(10),
        "{:?}",
        served.elapsed()
    );
    assert_eq!(handle.info().connects, 1, "the pool came back by itself");
    connections.close().await;
    assert_eq!(world.alive.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_when_to_come_back_is_left_alone_until_then() {
    let world = World::new();
    let pool = Pool::builder("busy", Made(Arc::clone(&world))).build();
    let wait = Duration::from_mins(2);
    world.refuse_for(ErrorKind::Overloaded, wait);
    let asked = Instant::now();
    while asked.elapsed() < wait {
        let error = pool.acquire().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Overloaded);
        assert_eq!(error.retry_after(), Some(wait));
        assert_eq!(world.attempts.load(SeqCst), 1);
        sleep(Duration::from_secs(1)).await;
    }
    world.refuse(None);
    sleep(Duration::from_millis(1)).await;
    let lease = pool.acquire().await.unwrap();
    assert_eq!(world.attempts.load(SeqCst), 2, "the prober's");

    // Who is in stays in, and is lent meanwhile.
    world.refuse_for(ErrorKind::Overloaded, wait);
    let mut waiting = JoinSet::new();
    for _ in 0..5 {
        let pool = pool.clone();
        waiting.spawn(async move { drop(pool.acquire().await.unwrap()) });
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(pool.statistics().waiting, 5, "for the one that is there");
    pool.check().await.unwrap_err();
    drop(lease);
    waiting.join_all().await;
    pool.check().await.unwrap();
    for _ in 0..100 {
        drop(pool.acquire().await.unwrap());
    }
    let statistics = pool.statistics();
    assert_eq!((statistics.total, statistics.closed), (1, 0));
    assert_eq!(world.attempts.load(SeqCst), 3);
}
