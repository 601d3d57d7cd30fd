//! The connection that all ordinary commands share, replaced by itself when it ends.
//!
//! While the first attempt to replace it is under way, callers wait for it; once that has failed, they are told
//! at once, until a later attempt succeeds. What happens when the server is no master any more is in `failover`.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{PushInfo, PushKind, RedisError};
use arc_swap::ArcSwap;
use connreg::pool::Pool;
use connreg::topology::{Role, Sighting, Topology};
use connreg::{Backoff, ConnectError, Context, ErrorKind};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use super::address::Plan;
use super::dial::{At, Dialer};
use super::error::{Answer, OwnWord, is_refused};
use super::failover::Search;
use super::lease::Manager;

/// The pauses after attempts that failed; the longest is also how long a server may be back before it is noticed.
pub(super) const PAUSES: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// So many answers in a row that did not come in time mean that the connection is dead.
const TIMEOUTS_MEAN_DEAD: u32 = 3;

/// The shared connection of a server or of a sentinel's group.
pub(super) struct Link {
    pub(super) context: Context,
    pub(super) dialer: Arc<Dialer>,
    pub(super) purpose: Purpose,
    /// The exclusive connections to the same server, retired with it.
    pub(super) pool: OnceLock<Pool<Manager>>,
    state: ArcSwap<State>,
    /// Held over each change of `state`; never over a wait.
    changing: Mutex<()>,
    changed: Notify,
    timeouts: AtomicU32,
    generations: AtomicU64,
}

/// What a link is for.
pub(super) enum Purpose {
    /// One address, whatever is there.
    Single(Search),
    /// The master of a group.
    Master(Topology),
    /// One replica, to read from.
    Replica,
}

pub(super) enum State {
    Up(Up),
    /// The first attempt to replace a connection that ended is under way.
    Replacing,
    Down(OwnWord),
    /// The same, and nobody tries any more: the credential was refused too often.
    Refused(OwnWord),
    Closed,
}

/// A connection with the number that tells it from those before and after it.
#[derive(Clone)]
pub(super) struct Up {
    pub(super) connection: MultiplexedConnection,
    pub(super) place: Arc<str>,
    pub(super) generation: u64,
}

impl Link {
    fn new(context: &Context, dialer: Arc<Dialer>, purpose: Purpose) -> Arc<Self> {
        Arc::new(Self {
            context: context.clone(),
            dialer,
            purpose,
            pool: OnceLock::new(),
            state: ArcSwap::from_pointee(State::Replacing),
            changing: Mutex::default(),
            changed: Notify::new(),
            timeouts: AtomicU32::new(0),
            generations: AtomicU64::new(0),
        })
    }

    pub(super) async fn open(
        context: &Context,
        dialer: Arc<Dialer>,
        purpose: Purpose,
    ) -> Result<Arc<Self>, ConnectError> {
        let link = Self::new(context, dialer, purpose);
        let up = link.dial().await?;
        link.install(up);
        Ok(link)
    }

    /// One that opens by itself, as if it had just ended.
    pub(super) fn begin(context: &Context, dialer: Arc<Dialer>, purpose: Purpose) -> Arc<Self> {
        let link = Self::new(context, dialer, purpose);
        tokio::spawn(reconnect(Arc::downgrade(&link)));
        link
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
            State::Down(why) | State::Refused(why) => Some(Err(why.clone().into_driver())),
            State::Closed => {
                let word = OwnWord::new(ErrorKind::Closed, "the connection was closed");
                Some(Err(word.into_driver()))
            }
        }
    }

    /// The connection of this moment, if there is one.
    pub(super) fn up(&self) -> Option<Up> {
        self.known().and_then(Result::ok)
    }

    /// Looks at how a request ended, and replaces a connection that can't serve another.
    pub(super) fn judge<T: Answer>(self: &Arc<Self>, up: &Up, outcome: &Result<T, RedisError>) {
        if is_refused(outcome) {
            self.write_refused(&up.place, Some(up.generation));
            return;
        }
        let Err(error) = outcome else {
            // Read before written, so that commands side by side don't contend for it.
            if self.timeouts.load(Ordering::Relaxed) != 0 {
                self.timeouts.store(0, Ordering::Relaxed);
            }
            return;
        };
        let is_useless = if error.is_timeout() {
            self.timeouts.fetch_add(1, Ordering::Relaxed) + 1 >= TIMEOUTS_MEAN_DEAD
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

    /// Begins to replace the connection of `generation`, unless somebody else did. Says whether it did.
    pub(super) fn replace(self: &Arc<Self>, generation: u64, why: &str) -> bool {
        let mut left = None;
        let began = self.change(|state| match state {
            State::Up(up) if up.generation == generation => {
                left = Some(Arc::clone(&up.place));
                Some(State::Replacing)
            }
            _ => None,
        });
        if let (Purpose::Master(topology), Some(left)) = (&self.purpose, left) {
            topology.failed(&left);
        }
        if began {
            info!(
                connection = &**self.context.name(),
                why, "the connection ended; connecting again"
            );
            self.timeouts.store(0, Ordering::Relaxed);
            tokio::spawn(reconnect(Arc::downgrade(self)));
        }
        began
    }

    /// Puts a connection in place.
    fn install(&self, up: Up) {
        let place = Arc::clone(&up.place);
        let installed = self.change(|_| Some(State::Up(up)));
        if let Purpose::Master(topology) = &self.purpose
            && installed
        {
            topology.include(&*place);
            // How long it took to connect is no round trip, and writes don't choose by it.
            if topology.saw(&place, Sighting::new(Role::Primary, Duration::ZERO)) {
                self.retire();
            }
        }
    }

    /// Tries again with a credential that was refused too often: it may have been mended on the server.
    pub(super) fn try_again(self: &Arc<Self>) {
        let begins =
            self.change(|state| matches!(state, State::Refused(_)).then_some(State::Replacing));
        if begins {
            tokio::spawn(reconnect(Arc::downgrade(self)));
        }
    }

    /// Has the exclusive connections closed that lead to the server before.
    pub(super) fn retire(&self) {
        if let Some(pool) = self.pool.get() {
            pool.retire();
        }
    }

    /// Replaces the state, if `next` gives one. Says whether it did.
    pub(super) fn change(&self, next: impl FnOnce(&State) -> Option<State>) -> bool {
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

    pub(super) fn is_closed(&self) -> bool {
        matches!(&**self.state.load(), State::Closed)
    }

    /// Opens another connection, which is not in place yet.
    pub(super) async fn dial(self: &Arc<Self>) -> Result<Up, ConnectError> {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
        let link = Arc::downgrade(self);
        let pushed = move |pushed: PushInfo| {
            if pushed.kind == PushKind::Disconnection
                && let Some(link) = link.upgrade()
            {
                link.replace(generation, "the server hung up");
            }
            Ok::<(), ()>(())
        };
        let At { place, connection } = self.dialer.open_shared(pushed).await?;
        Ok(Up {
            connection,
            place,
            generation,
        })
    }

    /// Notes that the credential was refused too often to be tried again.
    fn refused(&self, error: &ConnectError) {
        let connection = &**self.context.name();
        let tries = Backoff::CREDENTIAL_TRIES;
        warn!(connection, %error, "the credential was refused {tries} times and is not tried again");
        let message = format!(
            "{error}; refused {tries} times, so it is not tried again: change it and reload, or call `reconnect`"
        );
        let word = OwnWord::new(error.kind(), message);
        self.change(|_| Some(State::Refused(word)));
    }

    /// Notes that an attempt failed. A group that is about to have another master is waited for, for a while.
    fn failed(&self, error: &ConnectError, since: Instant) {
        if let Purpose::Master(topology) = &self.purpose
            && error.kind() == ErrorKind::Role
            && since.elapsed() < topology.settings().failover_timeout
        {
            return;
        }
        let connection = &**self.context.name();
        let word = || OwnWord::new(error.kind(), format!("{error}; trying again by itself"));
        let first =
            self.change(|state| matches!(state, State::Replacing).then(|| State::Down(word())));
        if first {
            warn!(connection, %error, "could not connect again");
        } else {
            debug!(connection, %error, "could not connect again");
            self.change(|_| Some(State::Down(word())));
        }
    }
}

/// Tries until it works, or nobody needs it any more.
async fn reconnect(link: Weak<Link>) {
    let mut pauses = PAUSES;
    let (since, mut refused) = (Instant::now(), 0);
    loop {
        let Some(link) = link.upgrade().filter(|link| !link.is_closed()) else {
            return;
        };
        let kind = match link.dial().await {
            Ok(up) => {
                info!(
                    connection = &**link.context.name(),
                    place = &*up.place,
                    "connected again"
                );
                link.install(up);
                return;
            }
            Err(error) => {
                refused += u32::from(error.kind() == ErrorKind::Authentication);
                if refused >= Backoff::CREDENTIAL_TRIES {
                    return link.refused(&error);
                }
                link.failed(&error, since);
                error.kind()
            }
        };
        let pause = match (&link.dialer.plan, kind) {
            (_, ErrorKind::Authentication) => Backoff::CREDENTIAL_PAUSE,
            // A group without a master finds one within seconds, and is asked as often as a server in the wrong role.
            (Plan::Sentinel(_), _) => pauses.delay_after(ErrorKind::Role, None),
            (_, kind) => pauses.delay_after(kind, None),
        };
        drop(link);
        sleep(pause).await;
    }
}
