//! Whether a future can be dropped wherever it waits, without leaving anything behind.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::timeout;

/// How long a future that was polled may take to be woken, and all of them to end.
const LIMIT: Duration = Duration::from_secs(30);

/// Polls what `make` gives `n` times and drops it, for each `n` from 0 until one comes to its end; after each drop
/// awaits what `after` gives, which is to assert that nothing was left behind. Gives back the last `n`.
///
/// Each point is tried twice: dropped as soon as it waits, and dropped when it has been woken but not polled again,
/// which is where permits and messages that are already its own get lost.
///
/// # Panics
///
/// A future is not woken within 30 seconds. Where the future sleeps for long, pause the time.
///
/// # Examples
///
/// ```
/// use connreg::testing::drop_at_every_await;
/// use tokio::sync::Semaphore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let turns = Semaphore::new(1);
/// let work = || async {
///     let _turn = turns.acquire().await.unwrap();
///     tokio::task::yield_now().await;
///     tokio::task::yield_now().await;
/// };
/// let points = drop_at_every_await(work, async || assert_eq!(turns.available_permits(), 1)).await;
/// assert_eq!(points, 3);
/// # }
/// ```
pub async fn drop_at_every_await<F, Fut, A>(mut make: F, mut after: A) -> usize
where
    F: FnMut() -> Fut,
    Fut: Future,
    A: AsyncFnMut(),
{
    let mut polls = 0;
    loop {
        for until in [Until::Polled, Until::Woken] {
            let polled = Polled {
                future: Box::pin(make()),
                left: polls,
                until,
            };
            let ended = timeout(LIMIT, polled).await;
            after().await;
            let Ok(ended) = ended else {
                panic!("after {polls} polls it was not woken within {LIMIT:?}");
            };
            if ended {
                return polls;
            }
        }
        polls += 1;
    }
}

/// When a future that has been polled as often as it may be is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Polled,
    Woken,
}

/// Polls a future so many times; `true`: it came to its end.
struct Polled<Fut> {
    future: Pin<Box<Fut>>,
    left: usize,
    until: Until,
}

impl<Fut: Future> Future for Polled<Fut> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.left == 0 {
            return Poll::Ready(false);
        }
        self.left -= 1;
        if self.future.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        if self.left == 0 && self.until == Until::Polled {
            return Poll::Ready(false);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tokio::task::yield_now;

    use super::drop_at_every_await;

    #[tokio::test]
    async fn every_point_is_tried_twice_until_the_future_ends() {
        let (begun, first, second) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        let future = || async {
            begun.fetch_add(1, SeqCst);
            yield_now().await;
            first.fetch_add(1, SeqCst);
            yield_now().await;
            second.fetch_add(1, SeqCst);
        };
        let checked = AtomicUsize::new(0);
        let polls = drop_at_every_await(future, async || {
            checked.fetch_add(1, SeqCst);
        })
        .await;
        let counts = [&begun, &first, &second, &checked].map(|count| count.load(SeqCst));
        assert_eq!((polls, counts), (3, [5, 3, 1, 7]));
    }

    #[tokio::test]
    #[should_panic(expected = "left behind")]
    async fn what_is_left_behind_is_found() {
        let held = AtomicUsize::new(0);
        let careless = || async {
            held.fetch_add(1, SeqCst);
            yield_now().await;
            held.fetch_sub(1, SeqCst);
        };
        drop_at_every_await(careless, async || {
            assert_eq!(held.load(SeqCst), 0, "left behind");
        })
        .await;
    }
}
