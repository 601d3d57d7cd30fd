//! What dropped futures, aborted tasks and panics leave behind: nothing.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use connreg::PoolSettings;
use connreg::pool::{CloseReason, Lease, Pool};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world::{Made, World, eventually};

const SIZE: u32 = 4;
const TASKS: u64 = 16;
const SOON: Duration = Duration::from_secs(30);

/// How many requests are given up at random: 20,000, or as many as `CONNREG_POOL_CANCELLATIONS` says.
pub(crate) fn cancellations() -> u64 {
    match std::env::var("CONNREG_POOL_CANCELLATIONS") {
        Ok(number) => number.parse().expect("a number"),
        Err(_) => 20_000,
    }
}

fn new(world: &Arc<World>) -> Pool<Made> {
    Pool::builder("cancelled", Made(Arc::clone(world)))
        .settings(PoolSettings {
            max_size: SIZE,
            acquire_timeout: SOON,
            ..PoolSettings::default()
        })
        .build()
}

/// All connections can be had at once, and the books agree with the world.
async fn nothing_is_lost(pool: &Pool<Made>, world: &World) {
    let mut held = Vec::new();
    for _ in 0..SIZE {
        held.push(timeout(SOON, pool.acquire()).await.unwrap().unwrap());
    }
    drop(held);
    let statistics = pool.statistics();
    assert_eq!((statistics.active, statistics.waiting), (0, 0));
    assert_eq!(
        statistics.created - statistics.closed,
        u64::from(statistics.total)
    );
    assert_eq!(statistics.closed, statistics.closed_by.total());
    eventually("what was closed has gone", || {
        world.alive.load(SeqCst) == pool.statistics().total as usize
    })
    .await;
}

/// Sends a number and reads it back, as over a socket: an answer that nobody has read is read by the next.
async fn echo(lease: &mut Lease<Made>, number: u64) -> u64 {
    lease.begin();
    lease.send(number);
    tokio::task::yield_now().await;
    let answer = lease.receive();
    lease.done();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_dropped_at_random_leak_no_slot_and_mix_no_answers() {
    let world = World::new();
    let pool = new(&world);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (pool, world) = (pool.clone(), Arc::clone(&world));
        tasks.spawn(async move {
            let mut random = fastrand::Rng::with_seed(task);
            for n in 0..cancellations() / TASKS {
                let number = n * TASKS + task;
                let work = async {
                    let mut lease = pool.acquire().await.unwrap();
                    assert!(
                        !lease.in_use.swap(true, SeqCst),
                        "two callers, one connection"
                    );
                    let answer = echo(&mut lease, number).await;
                    assert_eq!(answer, number, "another caller's answer");
                    lease.in_use.store(false, SeqCst);
                };
                world.connecting_takes(Duration::from_micros(random.u64(..50)));
                // Given up after some turns rather than some time, so that a busy machine tests the same.
                give_up_after(random.u32(..12), work).await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    nothing_is_lost(&pool, &world).await;
    let statistics = pool.statistics();
    assert!(statistics.closed_by.of(CloseReason::Abandoned) > 0);
}

/// Polls `work` up to `turns` times, then drops it.
async fn give_up_after(turns: u32, work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    let mut left = turns;
    std::future::poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() || left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        // Others go on meanwhile; whatever wakes this is as good as time.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_panic_or_are_aborted_while_they_hold_leak_no_slot() {
    let world = World::new();
    let pool = new(&world);
    let mut random = fastrand::Rng::with_seed(1);
    for round in 0..200_u64 {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (pool, dies) = (pool.clone(), random.bool());
            tasks.spawn(async move {
                let mut lease = pool.acquire().await.unwrap();
                let number = round * TASKS + task;
                lease.begin();
                lease.send(number);
                tokio::task::yield_now().await;
                if dies {
                    // Not a panic, which would print a trace for each: resumed silently, it unwinds all the same.
                    std::panic::resume_unwind(Box::new("scripted"));
                }
                assert_eq!(lease.receive(), number, "another caller's answer");
                lease.done();
            });
        }
        for _ in 0..random.u64(..TASKS) {
            tasks.join_next().await;
        }
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
    }
    nothing_is_lost(&pool, &world).await;
}

/// Polls an acquisition up to each of its await points and drops it there, on an idle, an untried and a full pool.
#[tokio::test(start_paused = true)]
async fn an_acquisition_can_be_dropped_at_every_await_point() {
    for situation in ["empty", "idle", "tested", "full", "suspended", "refused"] {
        let mut points = 0;
        for stop in 0..50 {
            let world = World::new();
            let pool = new(&world);
            world.testing_takes(Duration::from_millis(2));
            world.connecting_takes(Duration::from_millis(2));
            let mut held = Vec::new();
            match situation {
                "idle" => drop(pool.acquire().await.unwrap()),
                "tested" => {
                    drop(pool.acquire().await.unwrap());
                    tokio::time::sleep(Duration::from_secs(3)).await;
                }
                "full" => {
                    for _ in 0..SIZE {
                        held.push(pool.acquire().await.unwrap());
                    }
                }
                "suspended" => pool.suspend(),
                "refused" => world.refuse(Some(connreg::ErrorKind::Refused)),
                _ => {}
            }
            let ended = {
                let mut acquiring = pin!(pool.acquire());
                let mut ended = false;
                for _ in 0..stop {
                    let mut context = Context::from_waker(Waker::noop());
                    if acquiring.as_mut().poll(&mut context).is_ready() {
                        ended = true;
                        break;
                    }
                    points += 1;
                    // Whatever it waits for may come meanwhile.
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    if situation == "full" && stop % 2 == 1 {
                        held.pop();
                    }
                }
                ended
            };
            drop(held);
            world.refuse(None);
            pool.resume();
            pool.server_is_back();
            tokio::time::sleep(Duration::from_millis(50)).await;
            nothing_is_lost(&pool, &world).await;
            if ended {
                break;
            }
        }
        assert!(points > 0 || situation == "idle", "{situation}");
    }
}

/// A pool that is used from a runtime of its own, or from tests that each have one.
#[test]
fn a_runtime_that_goes_away_while_it_waits_takes_no_slot_with_it() {
    let home = tokio::runtime::Runtime::new().unwrap();
    let world = World::new();
    world.connecting_takes(Duration::from_millis(50));
    let pool = home.block_on(async { new(&world) });
    for _ in 0..2 * SIZE {
        let visitor = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        visitor.block_on(async {
            let mut acquiring = pin!(pool.acquire());
            let mut context = Context::from_waker(Waker::noop());
            assert!(acquiring.as_mut().poll(&mut context).is_pending());
            tokio::task::yield_now().await;
        });
    }
    home.block_on(nothing_is_lost(&pool, &world));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_request_frees_its_slot_at_once() {
    let world = World::new();
    let pool = Pool::builder("slot", Made(Arc::clone(&world)))
        .max_size(1)
        .build();
    let mut lease = pool.acquire().await.unwrap();
    lease.begin();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(|lease| lease.number) }
    });
    tokio::task::yield_now().await;
    let dropped = tokio::time::Instant::now();
    drop(lease);
    assert_eq!(waiter.await.unwrap().unwrap(), 1, "a new one");
    assert!(dropped.elapsed() < Duration::from_millis(10));
}
