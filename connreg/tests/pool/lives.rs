//! Random lives of a pool, on paused time: whatever callers, operators and the server do, in whatever order, it keeps to
//! its rules.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use connreg::pool::{Lease, Pool};
use connreg::{ErrorKind, PoolSettings};
use proptest::prelude::*;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep};

use crate::model::{Model, lock};
use crate::world::{Made, World, eventually};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// A prober sees after its pause that the pool has gone.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Timers tick in milliseconds.
const TICK: Duration = Duration::from_millis(2);

/// Of real time: a pool that spins lets no paused time pass.
const STUCK: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug)]
enum Step {
    Acquire,
    /// The lease at this place goes back.
    Return(usize),
    /// It is dropped with a request under way.
    Abandon(usize),
    Discard(usize),
    /// The caller at this place goes away, perhaps while it waits.
    Abort(usize),
    Retire,
    Suspend,
    Resume,
    Server(Mood),
    Pass(Duration),
    Close,
}

/// What the server does from now on.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Fine,
    Slow,
    Silent,
    Refuses,
    Full,
    FailsTests,
    /// All connections that there are have gone.
    DropsAll,
}

#[derive(Clone, Copy, Debug)]
struct Sizes {
    max_size: u32,
    min_size: u32,
    max_connecting: u32,
    tests_idle: bool,
}

fn sizes() -> impl Strategy<Value = Sizes> {
    (1..5_u32, 0..3_u32, 1..5_u32, any::<bool>()).prop_map(
        |(max_size, min_size, max_connecting, tests_idle)| Sizes {
            max_size,
            min_size: min_size.min(max_size),
            max_connecting,
            tests_idle,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let mood = prop_oneof![
        3 => Just(Mood::Fine),
        1 => Just(Mood::Slow),
        1 => Just(Mood::Silent),
        1 => Just(Mood::Refuses),
        1 => Just(Mood::Full),
        1 => Just(Mood::FailsTests),
        1 => Just(Mood::DropsAll),
    ];
    let time = prop_oneof![
        4 => 0..50_u64,
        3 => 50..3_000_u64,
        1 => 3_000..100_000_u64,
    ];
    prop_oneof![
        20 => Just(Step::Acquire),
        10 => any::<usize>().prop_map(Step::Return),
        3 => any::<usize>().prop_map(Step::Abandon),
        1 => any::<usize>().prop_map(Step::Discard),
        4 => any::<usize>().prop_map(Step::Abort),
        2 => Just(Step::Retire),
        1 => Just(Step::Suspend),
        2 => Just(Step::Resume),
        6 => mood.prop_map(Step::Server),
        12 => time.prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
    ]
}

fn life() -> impl Strategy<Value = Vec<Step>> {
    (
        prop::collection::vec(step(), 1..80),
        any::<bool>(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mut steps, closes, place)| {
            if closes {
                let place = place.index(steps.len());
                steps.insert(place, Step::Close);
            }
            steps
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pool_keeps_to_its_rules_whatever_happens(sizes in sizes(), life in life()) {
        let (done, ended) = mpsc::channel();
        let living = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(live(sizes, &life));
            // The other side waits, or has given up.
            let _ = done.send(());
        });
        let ended = ended.recv_timeout(STUCK);
        assert_ne!(ended, Err(mpsc::RecvTimeoutError::Timeout), "it spins: no time passes");
        if let Err(panic) = living.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

async fn live(sizes: Sizes, life: &[Step]) {
    let mut subject = Subject::new(sizes);
    for step in life {
        subject.perform(*step).await;
        subject.is_right();
    }
    subject.ends().await;
}

/// Callers in the order of asking, and what became of them.
#[derive(Default)]
struct Callers {
    waiting: Vec<u64>,
    leases: Vec<Lease<Made>>,
    wrong: Vec<String>,
}

struct Subject {
    sizes: Sizes,
    pool: Pool<Made>,
    world: Arc<World>,
    model: Arc<Mutex<Model>>,
    callers: Arc<Mutex<Callers>>,
    tasks: Vec<JoinHandle<()>>,
    asked: u64,
}

/// A caller that waits; when it goes away, it no longer does.
struct Waiting {
    number: u64,
    callers: Arc<Mutex<Callers>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let number = self.number;
        lock(&self.callers).waiting.retain(|other| *other != number);
    }
}

impl Subject {
    fn new(sizes: Sizes) -> Self {
        let world = World::new();
        let model = Model::new(sizes.max_size, true);
        let pool = Pool::builder("model", Made(Arc::clone(&world)))
            .settings(PoolSettings {
                max_size: sizes.max_size,
                min_size: sizes.min_size,
                max_connecting: sizes.max_connecting,
                acquire_timeout: ACQUIRE_TIMEOUT,
                idle_timeout: Duration::from_secs(20),
                max_lifetime: Duration::from_mins(1),
                test_while_idle: sizes.tests_idle,
                ..PoolSettings::default()
            })
            .connect_timeout(CONNECT_TIMEOUT)
            .on_event({
                let model = Arc::clone(&model);
                move |event| lock(&model).note(&event)
            })
            .build();
        Self {
            sizes,
            pool,
            world,
            model,
            callers: Arc::default(),
            tasks: Vec::new(),
            asked: 0,
        }
    }

    async fn perform(&mut self, step: Step) {
        match step {
            Step::Acquire => self.ask(),
            Step::Return(place) => drop(self.lease(place)),
            Step::Abandon(place) => {
                if let Some(mut lease) = self.lease(place) {
                    lease.begin();
                }
            }
            Step::Discard(place) => {
                if let Some(lease) = self.lease(place) {
                    lease.discard();
                }
            }
            Step::Abort(place) => {
                if !self.tasks.is_empty() {
                    let task = self.tasks.swap_remove(place % self.tasks.len());
                    task.abort();
                }
            }
            Step::Retire => self.pool.retire(),
            Step::Suspend => self.pool.suspend(),
            Step::Resume => self.pool.resume(),
            Step::Server(mood) => self.become_so(mood).await,
            Step::Pass(time) => sleep(time).await,
            Step::Close => {
                let pool = self.pool.clone();
                tokio::spawn(async move { pool.close().await });
            }
        }
        settle().await;
        self.tasks.retain(|task| !task.is_finished());
    }

    async fn become_so(&self, mood: Mood) {
        let world = &self.world;
        world.refuse(None);
        world.dead.store(false, SeqCst);
        world.connecting_takes(Duration::from_millis(3));
        world.testing_takes(Duration::from_millis(1));
        match mood {
            Mood::Fine => {}
            Mood::Slow => {
                world.connecting_takes(CONNECT_TIMEOUT * 9 / 10);
                world.testing_takes(Duration::from_millis(900));
            }
            Mood::Silent => {
                world.connecting_takes(HOUR);
                world.testing_takes(HOUR);
            }
            Mood::Refuses => world.refuse(Some(ErrorKind::Refused)),
            Mood::Full => world.refuse(Some(ErrorKind::Overloaded)),
            Mood::FailsTests => world.dead.store(true, SeqCst),
            Mood::DropsAll => {
                world.broken.store(true, SeqCst);
                lock(&self.callers).leases.clear();
                settle().await;
                world.broken.store(false, SeqCst);
            }
        }
    }

    fn lease(&self, place: usize) -> Option<Lease<Made>> {
        let leases = &mut lock(&self.callers).leases;
        if leases.is_empty() {
            return None;
        }
        let place = place % leases.len();
        Some(leases.remove(place))
    }

    /// A caller comes, who keeps what it gets until a step takes it.
    fn ask(&mut self) {
        let number = self.asked;
        self.asked += 1;
        let (pool, callers) = (self.pool.clone(), Arc::clone(&self.callers));
        let (model, max_size) = (Arc::clone(&self.model), self.sizes.max_size as usize);
        lock(&callers).waiting.push(number);
        let waiting = Waiting {
            number,
            callers: Arc::clone(&callers),
        };
        let task = tokio::spawn(async move {
            let asked = Instant::now();
            let acquired = pool.acquire().await;
            let waited = asked.elapsed();
            drop(waiting);
            let is_closed = lock(&model).is_closed;
            let mut callers = lock(&callers);
            if waited > ACQUIRE_TIMEOUT + TICK {
                callers
                    .wrong
                    .push(format!("caller {number} waited for {waited:?}"));
            }
            match acquired {
                Ok(lease) => {
                    callers.leases.push(lease);
                    // Who asked earlier and waits yet has had its turn: it waits for the server.
                    let earlier = callers
                        .waiting
                        .iter()
                        .filter(|other| **other < number)
                        .count();
                    let held = callers.leases.len();
                    if earlier + held > max_size {
                        callers
                            .wrong
                            .push(format!("caller {number} overtook {earlier}"));
                    }
                }
                Err(error) if is_closed != (error.kind() == ErrorKind::Closed) => {
                    callers
                        .wrong
                        .push(format!("closed: {is_closed}, and told: {error}"));
                }
                Err(_) => {}
            }
        });
        self.tasks.push(task);
    }

    /// The books agree with what was seen.
    fn is_right(&self) {
        let statistics = self.pool.statistics();
        let model = lock(&self.model);
        let callers = lock(&self.callers);
        assert!(model.wrong.is_empty(), "{:?}", model.wrong);
        assert!(callers.wrong.is_empty(), "{:?}", callers.wrong);
        let live = u64::from(statistics.total);
        assert_eq!(live, model.live.len() as u64);
        assert_eq!(live, statistics.created - statistics.closed);
        assert_eq!(statistics.closed, statistics.closed_by.total());
        assert_eq!(statistics.active as usize, callers.leases.len());
        assert_eq!(statistics.active as usize, model.leased.len());
        assert_eq!(statistics.waiting as usize, callers.waiting.len());
    }

    /// When all have gone, all connections can be had at once; when the pool is closed, none is left.
    async fn ends(mut self) {
        lock(&self.callers).leases.clear();
        self.become_so(Mood::Fine).await;
        self.pool.resume();
        // Each to its deadline at the latest; what is being opened, too.
        sleep(ACQUIRE_TIMEOUT + TICK).await;
        assert!(self.tasks.iter().all(JoinHandle::is_finished));
        lock(&self.callers).leases.clear();
        settle().await;
        self.is_right();
        if !lock(&self.model).is_closed {
            self.pool.server_is_back();
            for _ in 0..self.sizes.max_size {
                self.ask();
            }
            sleep(ACQUIRE_TIMEOUT / 2).await;
            self.is_right();
            let mut callers = lock(&self.callers);
            assert_eq!(callers.leases.len(), self.sizes.max_size as usize);
            callers.leases.clear();
        }
        self.pool.close().await;
        self.is_right();
        assert_eq!(self.pool.statistics().total, 0);
        drop(self.pool);
        sleep(LONGEST_PAUSE).await;
        eventually("nothing is left", || {
            self.world.alive.load(SeqCst) == 0 && Arc::strong_count(&self.world) == 1
        })
        .await;
    }
}

/// Lets all go on for as long as they can without time passing.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}
