//! Asking the server on a connection of the pool's own: what it takes from callers (nothing), and what it tells them.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::ErrorKind;
use connreg::pool::{CloseReason, Pool};
use connreg::testing::drop_at_every_await;
use tokio::time::{Instant, sleep, timeout};

use crate::world::{Made, World, eventually};

const LONG: Duration = Duration::from_hours(1);

fn pool_of_one(world: &Arc<World>) -> Pool<Made> {
    Pool::builder("checked", Made(Arc::clone(world)))
        .max_size(1)
        .build()
}

/// What is open, as the pool and as the server count it.
fn assert_books(pool: &Pool<Made>, world: &World, total: u32, checking: u32) {
    let statistics = pool.statistics();
    assert_eq!((statistics.total, statistics.checking), (total, checking));
    assert_eq!(
        statistics.created - statistics.closed,
        u64::from(total),
        "{statistics:?}"
    );
    assert_eq!(world.alive.load(SeqCst), (total + checking) as usize);
}

#[tokio::test(start_paused = true)]
async fn a_check_has_a_connection_of_its_own_and_keeps_it() {
    let world = World::new();
    let pool = pool_of_one(&world);
    pool.check().await.unwrap();
    assert_books(&pool, &world, 0, 1);
    let held = pool.acquire().await.unwrap();
    for _ in 0..10 {
        pool.check().await.unwrap();
        sleep(Duration::from_secs(30)).await;
    }
    assert_books(&pool, &world, 1, 1);
    assert_eq!(world.made.load(SeqCst), 2);
    assert_eq!(world.tests.load(SeqCst), 11);

    // It ends as the others do, and is opened anew when it is needed.
    pool.retire();
    eventually("the old one is closed", || pool.statistics().checking == 0).await;
    pool.check().await.unwrap();
    assert_eq!(world.made.load(SeqCst), 3);
    sleep(Duration::from_mins(31)).await;
    assert_eq!(pool.statistics().checking, 0, "max_lifetime");
    pool.check().await.unwrap();
    world.dead.store(true, SeqCst);
    let error = pool.check().await.unwrap_err();
    assert_eq!(error.to_string(), "dead");
    world.dead.store(false, SeqCst);
    pool.check().await.unwrap();
    drop(held);
    assert_eq!(
        pool.statistics().closed_by.of(CloseReason::TestFailed),
        0,
        "none of the pool's"
    );
    pool.close().await;
    assert_books(&pool, &world, 0, 0);
    assert_eq!(pool.check().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_blocks_no_checkout_no_new_connection_and_no_shut_down() {
    for connecting in [false, true] {
        let world = World::new();
        let pool = Pool::builder("hanging", Made(Arc::clone(&world))).build();
        if connecting {
            world.connecting_takes(LONG);
        } else {
            world.testing_takes(LONG);
        }
        let asked = world.attempts.load(SeqCst);
        let checking = tokio::spawn({
            let pool = pool.clone();
            async move { pool.check().await }
        });
        eventually("it hangs", || world.attempts.load(SeqCst) > asked).await;
        world.connecting_takes(Duration::ZERO);
        let started = Instant::now();
        let leases = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
        assert_eq!(started.elapsed(), Duration::ZERO);
        drop(leases);
        pool.close().await;
        let error = checking.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_books(&pool, &world, 0, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_is_given_up_keeps_what_it_was_opening_and_asks_one_at_a_time() {
    let world = World::new();
    let pool = pool_of_one(&world);
    world.connecting_takes(Duration::from_secs(8));
    for _ in 0..3 {
        let given_up = timeout(Duration::from_secs(2), pool.check()).await;
        assert!(given_up.is_err());
    }
    pool.check().await.unwrap();
    assert_eq!(world.attempts.load(SeqCst), 1);
    assert_books(&pool, &world, 0, 1);

    // Without an answer it can't be trusted again.
    world.testing_takes(LONG);
    let given_up = timeout(Duration::from_secs(5), pool.check()).await;
    assert!(given_up.is_err());
    world.testing_takes(Duration::ZERO);
    assert_eq!(pool.statistics().checking, 0);
    pool.check().await.unwrap();
    assert_eq!(world.attempts.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_check_can_be_dropped_at_every_await_point() {
    let world = World::new();
    let pool = pool_of_one(&world);
    world.connecting_takes(Duration::from_millis(1));
    world.testing_takes(Duration::from_millis(1));
    drop_at_every_await(
        || {
            let pool = pool.clone();
            async move {
                pool.check().await.unwrap();
                pool.retire();
            }
        },
        async || {
            eventually("nothing is left behind", || {
                let statistics = pool.statistics();
                world.alive.load(SeqCst) == statistics.checking as usize
            })
            .await;
            pool.check().await.unwrap();
        },
    )
    .await;
    pool.close().await;
    assert_books(&pool, &world, 0, 0);
}

#[tokio::test(start_paused = true)]
async fn callers_are_served_as_soon_as_a_check_finds_the_server_back() {
    let world = World::new();
    let pool = pool_of_one(&world);
    pool.check().await.unwrap();
    world.refuse(Some(ErrorKind::Refused));
    pool.acquire().await.unwrap_err();
    let error = pool.check().await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Refused,
        "an old one counts for nothing now"
    );
    while world.attempts.load(SeqCst) < 30 {
        pool.acquire().await.unwrap_err();
        sleep(Duration::from_millis(100)).await;
    }
    world.refuse(None);
    let back = Instant::now();
    pool.check().await.unwrap();
    pool.acquire().await.unwrap();
    assert_eq!(back.elapsed(), Duration::ZERO);
    assert_books(&pool, &world, 1, 1);
}

#[tokio::test(start_paused = true)]
async fn checks_try_a_refused_credential_no_more_often_than_callers() {
    for with_callers in [false, true] {
        let world = World::new();
        let pool = pool_of_one(&world);
        // One that was let in before says nothing of the credential.
        pool.check().await.unwrap();
        world.refuse(Some(ErrorKind::Authentication));
        pool.acquire().await.unwrap_err();
        let started = Instant::now();
        while started.elapsed() < Duration::from_mins(30) {
            let error = pool.check().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
            assert_eq!(error.to_string(), "scripted");
            if with_callers {
                pool.acquire().await.unwrap_err();
            }
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(world.attempts.load(SeqCst), 1 + 3);
        world.refuse(None);
        world.credential.store(1, SeqCst);
        pool.check().await.unwrap();
        pool.acquire().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_server_is_asked_on_an_idle_connection() {
    let world = World::new();
    let pool = pool_of_one(&world);
    drop(pool.acquire().await.unwrap());
    world.refuse(Some(ErrorKind::Overloaded));
    pool.check().await.unwrap();
    assert_books(&pool, &world, 1, 0);
    let _held = pool.acquire().await.unwrap();
    let error = pool.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
}

#[tokio::test(start_paused = true)]
async fn an_adopted_connection_is_the_first_to_be_lent() {
    let world = World::new();
    let pool = pool_of_one(&world);
    pool.adopt(
        connreg::pool::Manage::connect(&Made(Arc::clone(&world)))
            .await
            .unwrap(),
    );
    assert_books(&pool, &world, 1, 0);
    assert_eq!(pool.statistics().idle, 1);
    assert_eq!(pool.acquire().await.unwrap().number, 0);
    assert_eq!(world.made.load(SeqCst), 1);
}

/// A fail-over in the middle of a handshake is no reason to call the pool closed.
#[tokio::test(start_paused = true)]
async fn a_check_that_crosses_a_retirement_is_answered_by_what_it_opened() {
    let world = World::new();
    let pool = pool_of_one(&world);
    world.connecting_takes(Duration::from_secs(1));
    let (checked, ()) = tokio::join!(pool.check(), async {
        sleep(Duration::from_millis(500)).await;
        pool.retire();
    });
    checked.unwrap();
    eventually("the old one is closed", || pool.statistics().checking == 0).await;
    pool.check().await.unwrap();
    assert_books(&pool, &world, 0, 1);
}
