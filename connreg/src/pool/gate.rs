//! How many connections are opened side by side: one at first, twice as many after each that succeeds.
//!
//! Starting with one keeps a server that comes back from being overrun, a wrong password from being tried ten times at
//! once, and a burst from opening connections that nobody needs by the time they are there.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

// Model-checked in the unit tests.
#[cfg(test)]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(test))]
use std::sync::{Mutex, MutexGuard};

use tokio::sync::oneshot;

/// Lets in as many as the window allows, in the order of asking.
pub(super) struct Gate {
    max: u32,
    state: Mutex<State>,
}

struct State {
    /// How many may be inside.
    window: u32,
    inside: u32,
    /// The last attempt failed.
    failed: bool,
    queue: VecDeque<oneshot::Sender<Entry>>,
}

/// One opening under way; the next may come in when it is dropped.
pub(super) struct Entry {
    gate: Arc<Gate>,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    NotTried,
    Opened,
    Failed,
}

impl Gate {
    pub(super) fn new(max: u32) -> Self {
        Self {
            max: max.max(1),
            state: Mutex::new(State {
                window: 1,
                inside: 0,
                failed: false,
                queue: VecDeque::new(),
            }),
        }
    }

    /// Resolves when another connection may be opened. Dropping it gives up the place.
    pub(super) async fn enter(self: &Arc<Self>) -> Entry {
        let place = {
            let mut state = self.lock();
            let is_quiet = state.inside == 0 && state.queue.is_empty();
            if is_quiet && !state.failed {
                state.window = 1;
            }
            if state.inside < state.window {
                state.inside += 1;
                return Entry::new(self);
            }
            let (sender, place) = oneshot::channel();
            state.queue.push_back(sender);
            place
        };
        match place.await {
            Ok(entry) => entry,
            Err(_) => unreachable!("the gate, which holds the sender, is held by `self`"),
        }
    }

    fn leave(self: &Arc<Self>, outcome: Outcome) {
        let mut admitted = Vec::new();
        {
            let mut state = self.lock();
            state.inside -= 1;
            match outcome {
                Outcome::NotTried => {}
                Outcome::Opened => {
                    state.window = state.window.saturating_mul(2).min(self.max);
                    state.failed = false;
                }
                Outcome::Failed => {
                    state.window = 1;
                    state.failed = true;
                }
            }
            while state.inside < state.window {
                let Some(next) = state.queue.pop_front() else {
                    break;
                };
                if !next.is_closed() {
                    state.inside += 1;
                    admitted.push(next);
                }
            }
        }
        // Outside of the lock: who has gone meanwhile gives the entry back, which leaves again.
        for next in admitted {
            let _ = next.send(Entry::new(self));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(gate: &Arc<Gate>) -> Self {
        Self {
            gate: Arc::clone(gate),
            outcome: Outcome::NotTried,
        }
    }

    pub(super) fn opened(mut self) {
        self.outcome = Outcome::Opened;
    }

    pub(super) fn failed(mut self) {
        self.outcome = Outcome::Failed;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.gate.leave(self.outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::task::{Context, Poll, Waker};

    use shuttle::future::{block_on, spawn, yield_now};

    use super::*;

    const MAX: u32 = 3;

    fn at_once(enter: &mut Pin<Box<impl Future<Output = Entry>>>) -> Option<Entry> {
        match enter.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(entry) => Some(entry),
            Poll::Pending => None,
        }
    }

    /// Every order of entering, leaving and giving up: never too many inside, and nobody waits for ever.
    #[test]
    fn no_schedule_lets_too_many_in_or_leaves_one_waiting() {
        shuttle::check_random(
            || {
                let gate = Arc::new(Gate::new(MAX));
                let inside = Arc::new(AtomicU32::new(0));
                let tasks: Vec<_> = (0..6)
                    .map(|number| {
                        let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
                        spawn(async move {
                            if number % 3 == 1 {
                                // Asks, and goes away.
                                let mut enter = Box::pin(gate.enter());
                                if let Some(entry) = at_once(&mut enter) {
                                    entry.failed();
                                }
                                yield_now().await;
                                return;
                            }
                            let entry = gate.enter().await;
                            assert!(inside.fetch_add(1, SeqCst) < MAX);
                            yield_now().await;
                            inside.fetch_sub(1, SeqCst);
                            match number {
                                0 => drop(entry),
                                2 => entry.failed(),
                                _ => entry.opened(),
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    block_on(task).unwrap();
                }
                let state = gate.lock();
                assert_eq!(state.inside, 0);
                assert!(state.queue.iter().all(oneshot::Sender::is_closed));
                assert!((1..=MAX).contains(&state.window));
            },
            2_000,
        );
    }

    #[test]
    fn the_window_doubles_with_success_and_starts_again_at_one() {
        shuttle::check_dfs(
            || {
                let gate = Arc::new(Gate::new(4));
                block_on(async {
                    let first = gate.enter().await;
                    let mut rest: Vec<_> = (0..6).map(|_| Box::pin(gate.enter())).collect();
                    let mut admitted = |entries: &mut Vec<Entry>| {
                        rest.retain_mut(|enter| match at_once(enter) {
                            Some(entry) => {
                                entries.push(entry);
                                false
                            }
                            None => true,
                        });
                        entries.len()
                    };
                    let mut entries = Vec::new();
                    assert_eq!(admitted(&mut entries), 0);
                    first.opened();
                    assert_eq!(admitted(&mut entries), 2);
                    entries.pop().unwrap().opened();
                    assert_eq!(admitted(&mut entries), 4);
                    entries.pop().unwrap().failed();
                    assert_eq!(admitted(&mut entries), 3, "nobody until there is one");
                    while let Some(entry) = entries.pop() {
                        drop(entry);
                    }
                    assert_eq!(admitted(&mut entries), 1);
                });
            },
            None,
        );
    }
}
