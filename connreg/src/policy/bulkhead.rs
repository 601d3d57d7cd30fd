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
    use std::sync::{Arc, Mutex};

    use tokio::task::yield_now;

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
}
