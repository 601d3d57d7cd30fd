//! The connection that all ordinary commands share, replaced by itself when it ends.
//!
//! While the first attempt to replace it is under way, callers wait for it; once that has failed, they are told
//! at once, until a later attempt succeeds.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{ErrorKind as DriverKind, PushInfo, PushKind, RedisError, ServerErrorKind};
use arc_swap::ArcSwap;
use connreg::{Backoff, ConnectError, ErrorKind};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use super::dial::Dialer;
use super::error::OwnWord;

/// The pauses after attempts that failed; the longest is also how long a server may be back before it is noticed.
pub(super) const PAUSES: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// So many answers in a row that did not come in time mean that the connection is dead.
const TIMEOUTS_MEAN_DEAD: u32 = 3;

/// How often at most a server that refuses writes is looked up again.
const ROLE_PAUSE: Duration = Duration::from_secs(1);

/// The shared connection of a server or of a sentinel's group.
pub(super) struct Link {
    name: Arc<str>,
    dialer: Arc<Dialer>,
    state: ArcSwap<State>,
    /// Held over each change of `state`; never over a wait.
    changing: Mutex<()>,
    changed: Notify,
    timeouts: AtomicU32,
    role_asked: Mutex<Option<Instant>>,
}

enum State {
    Up(Up),
    /// The first attempt to replace a connection that ended is under way.
    Replacing,
    Down(OwnWord),
    Closed,
}

/// A connection with the number that tells it from those before and after it.
#[derive(Clone)]
pub(super) struct Up {
    pub(super) connection: MultiplexedConnection,
    generation: u64,
}

impl Link {
    pub(super) async fn open(
        name: Arc<str>,
        dialer: Arc<Dialer>,
    ) -> Result<Arc<Self>, ConnectError> {
        let link = Arc::new(Self {
            name,
            dialer,
            state: ArcSwap::from_pointee(State::Replacing),
            changing: Mutex::default(),
            changed: Notify::new(),
            timeouts: AtomicU32::new(0),
            role_asked: Mutex::default(),
        });
        let connection = link.dial(1).await?;
        link.change(|_| {
            Some(State::Up(Up {
                connection,
                generation: 1,
            }))
        });
        Ok(link)
    }

    /// The connection, if there is one or soon will be: the one in `kept` while that is still the current one, which
    /// saves the shared counters of a clone.
    pub(super) async fn get<'k>(&self, kept: &'k mut Option<Up>) -> Result<&'k mut Up, RedisError> {
        let is_current = match (&**self.state.load(), &kept) {
            (State::Up(up), Some(kept)) => up.generation == kept.generation,
            _ => false,
        };
        if !is_current {
            *kept = None;
            *kept = Some(self.wait().await?);
        }
        match kept {
            Some(up) => Ok(up),
            None => unreachable!("just put there"),
        }
    }

    async fn wait(&self) -> Result<Up, RedisError> {
        if let Some(known) = self.known() {
            return known;
        }
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if let Some(known) = self.known() {
                    return known;
                }
                changed.await;
            }
        };
        let limit = self.dialer.connect_timeout;
        timeout(limit, wait).await.unwrap_or_else(|_| {
            let message = format!(
                "{} was not reached within {limit:?}",
                self.dialer.plan.place()
            );
            Err(OwnWord::new(ErrorKind::Timeout, message).into_driver())
        })
    }

    fn known(&self) -> Option<Result<Up, RedisError>> {
        match &**self.state.load() {
            State::Up(up) => Some(Ok(up.clone())),
            State::Replacing => None,
            State::Down(why) => Some(Err(why.clone().into_driver())),
            State::Closed => {
                let word = OwnWord::new(ErrorKind::Closed, "the connection was closed");
                Some(Err(word.into_driver()))
            }
        }
    }

    /// Looks at how a request ended, and replaces a connection that can't serve another.
    pub(super) fn judge<T>(self: &Arc<Self>, up: &Up, outcome: &Result<T, RedisError>) {
        let Err(error) = outcome else {
            // Read before written, so that commands side by side don't contend for it.
            if self.timeouts.load(Ordering::Relaxed) != 0 {
                self.timeouts.store(0, Ordering::Relaxed);
            }
            return;
        };
        let is_useless = if error.is_timeout() {
            self.timeouts.fetch_add(1, Ordering::Relaxed) + 1 >= TIMEOUTS_MEAN_DEAD
        } else if error.kind() == DriverKind::Server(ServerErrorKind::ReadOnly) {
            self.may_ask_for_role()
        } else {
            error.is_unrecoverable_error()
        };
        if is_useless {
            self.replace(up.generation, &error.to_string());
        }
    }

    /// Ends it; whoever has it gets an error from now on.
    pub(super) fn close(&self) {
        self.change(|_| Some(State::Closed));
    }

    fn may_ask_for_role(&self) -> bool {
        let mut asked = self
            .role_asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let may = asked.is_none_or(|at| at.elapsed() >= ROLE_PAUSE);
        if may {
            *asked = Some(Instant::now());
        }
        may
    }

    /// Begins to replace the connection of `generation`, unless somebody else did.
    fn replace(self: &Arc<Self>, generation: u64, why: &str) {
        let began = self.change(|state| match state {
            State::Up(up) if up.generation == generation => Some(State::Replacing),
            _ => None,
        });
        if began {
            info!(
                connection = &*self.name,
                why, "the connection ended; connecting again"
            );
            self.timeouts.store(0, Ordering::Relaxed);
            tokio::spawn(reconnect(Arc::downgrade(self), generation + 1));
        }
    }

    /// Replaces the state, if `next` gives one. Says whether it did.
    fn change(&self, next: impl FnOnce(&State) -> Option<State>) -> bool {
        let guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match &**self.state.load() {
            State::Closed => None,
            state => next(state),
        };
        let changed = next.is_some();
        if let Some(next) = next {
            self.state.store(Arc::new(next));
        }
        drop(guard);
        if changed {
            self.changed.notify_waiters();
        }
        changed
    }

    fn is_closed(&self) -> bool {
        matches!(&**self.state.load(), State::Closed)
    }

    async fn dial(
        self: &Arc<Self>,
        generation: u64,
    ) -> Result<MultiplexedConnection, ConnectError> {
        let link = Arc::downgrade(self);
        let pushed = move |pushed: PushInfo| {
            if pushed.kind == PushKind::Disconnection
                && let Some(link) = link.upgrade()
            {
                link.replace(generation, "the server hung up");
            }
            Ok::<(), ()>(())
        };
        self.dialer.open_shared(pushed).await
    }
}

/// Tries until it works, or nobody needs it any more.
async fn reconnect(link: Weak<Link>, generation: u64) {
    let mut pauses = PAUSES;
    loop {
        let Some(link) = link.upgrade().filter(|link| !link.is_closed()) else {
            return;
        };
        match link.dial(generation).await {
            Ok(connection) => {
                link.change(|_| {
                    Some(State::Up(Up {
                        connection,
                        generation,
                    }))
                });
                info!(connection = &*link.name, "connected again");
                return;
            }
            Err(error) => {
                let message = format!("{error}; trying again by itself");
                let first = link.change(|state| {
                    matches!(state, State::Replacing)
                        .then(|| State::Down(OwnWord::new(error.kind(), message.clone())))
                });
                if first {
                    warn!(connection = &*link.name, %error, "could not connect again");
                } else {
                    debug!(connection = &*link.name, %error, "could not connect again");
                    link.change(|_| Some(State::Down(OwnWord::new(error.kind(), message))));
                }
            }
        }
        drop(link);
        sleep(pauses.next_delay()).await;
    }
}
