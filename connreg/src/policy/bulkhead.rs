//! The bulkhead: how much work may be under way at a time, and how much may wait for its turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::BulkheadSettings;

/// Lets so much work in at a time; the rest waits in the order of coming, in a queue that has an end.
#[derive(Debug)]
pub(crate) struct Bulkhead {
    turns: Semaphore,
    max_concurrent: usize,
    max_waiting: Option<usize>,
    max_wait: Duration,
    waiting: AtomicUsize,
}

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many wait as may.
    Full,
    /// It did not come in time.
    Waited,
}

impl Bulkhead {
    /// `None`: any number may be under way.
    pub(crate) fn new(settings: &BulkheadSettings) -> Option<Self> {
        let max_concurrent = settings.max_concurrent?.max(1) as usize;
        Some(Self {
            turns: Semaphore::new(max_concurrent),
            max_concurrent,
            max_waiting: settings.max_queue.map(|most| most as usize),
            max_wait: settings.max_wait,
            waiting: AtomicUsize::new(0),
        })
    }

    /// A turn, given back when dropped. Waits as long as may be waited, never past `deadline`.
    pub(crate) async fn enter(
        &self,
        deadline: Option<Instant>,
    ) -> Result<SemaphorePermit<'_>, Refusal> {
        // While anybody waits, what comes back is theirs: this overtakes nobody.
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let _waiting = self.wait().ok_or(Refusal::Full)?;
        let limit = Instant::now() + self.max_wait;
        let limit = deadline.map_or(limit, |deadline| deadline.min(limit));
        match timeout_at(limit, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            // It is never closed.
            Ok(Err(_)) | Err(_) => Err(Refusal::Waited),
        }
    }

    /// `3 of 3 under way, 2 of 2 waiting`.
    pub(crate) fn figures(&self) -> String {
        let under_way = self.max_concurrent - self.turns.available_permits();
        let waiting = self.waiting.load(Ordering::Acquire);
        let most = match self.max_waiting {
            Some(most) => format!(" of {most}"),
            None => String::new(),
        };
        format!(
            "{under_way} of {} under way, {waiting}{most} waiting",
            self.max_concurrent
        )
    }

    fn wait(&self) -> Option<Waiting<'_>> {
        let most = self.max_waiting.unwrap_or(usize::MAX);
        let wait = |waiting| (waiting < most).then_some(waiting + 1);
        self.waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, wait)
            .ok()
            .map(|_| Waiting(&self.waiting))
    }
}

/// One place in the queue.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Waker};

    use tokio::task::{JoinSet, yield_now};
    use tokio::time::timeout;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn of_one(max_queue: u32) -> Bulkhead {
        let settings = BulkheadSettings {
            max_concurrent: Some(1),
            max_queue: Some(max_queue),
            max_wait: LONG,
        };
        Bulkhead::new(&settings).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_the_order_of_asking() {
        let bulkhead = Arc::new(of_one(10));
        let first = bulkhead.enter(None).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 0..10 {
            let (bulkhead, order) = (Arc::clone(&bulkhead), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = bulkhead.enter(None).await.unwrap();
                order.lock().unwrap().push(number);
                yield_now().await;
            }));
            yield_now().await;
        }
        assert_eq!(bulkhead.figures(), "1 of 1 under way, 10 of 10 waiting");
        assert_eq!(bulkhead.enter(None).await.unwrap_err(), Refusal::Full);
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
        assert_eq!(bulkhead.figures(), "0 of 1 under way, 0 of 10 waiting");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_at_its_limit_or_at_the_deadline() {
        let bulkhead = of_one(1);
        let _held = bulkhead.enter(None).await.unwrap();
        let started = Instant::now();
        assert_eq!(bulkhead.enter(None).await.unwrap_err(), Refusal::Waited);
        assert_eq!(started.elapsed(), LONG);
        let soon = Duration::from_millis(10);
        let refused = bulkhead.enter(Some(Instant::now() + soon)).await;
        assert_eq!(refused.unwrap_err(), Refusal::Waited);
        assert_eq!(started.elapsed(), LONG + soon);
    }

    /// One of the ways in which a caller comes and goes.
    async fn come_and_go(bulkhead: &Bulkhead, inside: &AtomicUsize, random: &mut fastrand::Rng) {
        let work = async |turn: SemaphorePermit<'_>, yields: u32| {
            let before = inside.fetch_add(1, Ordering::AcqRel);
            assert!(before < bulkhead.max_concurrent, "{before} are in");
            for _ in 0..yields {
                yield_now().await;
            }
            inside.fetch_sub(1, Ordering::AcqRel);
            drop(turn);
        };
        let yields = random.u32(0..3);
        match random.u32(0..4) {
            // Asks, and goes away before or after its turn has come.
            0 => {
                let mut entering = pin!(bulkhead.enter(None));
                for _ in 0..=yields {
                    let entered = entering
                        .as_mut()
                        .poll(&mut Context::from_waker(Waker::noop()))
                        .is_ready();
                    if entered {
                        break;
                    }
                    yield_now().await;
                }
            }
            1 => {
                let soon = Duration::from_micros(random.u64(0..200));
                if let Ok(turn) = bulkhead.enter(Some(Instant::now() + soon)).await {
                    work(turn, yields).await;
                }
            }
            _ => match bulkhead.enter(None).await {
                Ok(turn) => work(turn, yields).await,
                Err(refusal) => assert_eq!(refusal, Refusal::Full),
            },
        }
        let waiting = bulkhead.waiting.load(Ordering::Acquire);
        assert!(bulkhead.max_waiting.is_some_and(|most| waiting <= most));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn callers_that_go_away_at_random_leave_no_turn_and_no_place_taken() {
        let settings = BulkheadSettings {
            max_concurrent: Some(3),
            max_queue: Some(8),
            max_wait: LONG,
        };
        let bulkhead = Arc::new(Bulkhead::new(&settings).unwrap());
        let inside = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for seed in 0..32 {
            let (bulkhead, inside) = (Arc::clone(&bulkhead), Arc::clone(&inside));
            tasks.spawn(async move {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..500 {
                    come_and_go(&bulkhead, &inside, &mut random).await;
                }
            });
        }
        timeout(LONG, tasks.join_all()).await.unwrap();
        assert_eq!(bulkhead.figures(), "0 of 3 under way, 0 of 8 waiting");
        let mut turns = Vec::new();
        for _ in 0..3 {
            turns.push(bulkhead.enter(Some(Instant::now())).await.unwrap());
        }
    }
}
