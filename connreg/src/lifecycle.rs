//! The states of a connection, and what is remembered of its life.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::Error;

/// Where a connection is in its life.
///
/// `Initialized → Connecting → Connected ⇄ Unhealthy`; `Failed` if it could not be opened, from where the
/// next use tries again; `Closed` for good, from anywhere. `Executing` is `Connected` with operations in flight:
/// it is told by whoever is asked for the state, and is no change of state to listeners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Configured; nobody has opened it.
    Initialized,
    /// An attempt to open it is under way.
    Connecting,
    /// Open, and nothing is known against it.
    Connected,
    /// Open, and operations are under way.
    Executing,
    /// Open, and its last check or attempt to reconnect failed.
    Unhealthy,
    /// The last attempt to open it failed; the next use tries again.
    Failed,
    /// Closed by the program, for good.
    Closed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Initialized,
        Self::Connecting,
        Self::Connected,
        Self::Executing,
        Self::Unhealthy,
        Self::Failed,
        Self::Closed,
    ];

    /// The state's stable name, as events, metrics and reports show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initialized => "initialized",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Executing => "executing",
            Self::Unhealthy => "unhealthy",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }

    /// Whether nothing is known that would keep the connection from working.
    pub const fn is_available(self) -> bool {
        matches!(
            self,
            Self::Initialized | Self::Connecting | Self::Connected | Self::Executing
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A connection's state with its history.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    state: Mutex<State>,
    /// There once somebody watches: most connections are not watched, and it is a third of a kilobyte.
    watched: OnceLock<watch::Sender<State>>,
    created_at: SystemTime,
    history: Mutex<History>,
}

/// What is remembered beside the state.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) connected_at: Option<SystemTime>,
    pub(crate) checked_at: Option<SystemTime>,
    /// When it was last learnt whether it works, by the clock that only goes forward.
    pub(crate) learnt: Option<Instant>,
    /// How long the last check took.
    pub(crate) latency: Option<Duration>,
    /// How many checks in a row have ended as the last one did; a new client begins anew.
    pub(crate) streak: u32,
    /// Whether the last check failed.
    pub(crate) failing: bool,
    pub(crate) last_error: Option<Error>,
    pub(crate) connects: u64,
    pub(crate) failures: u64,
    pub(crate) failovers: u64,
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State::Initialized),
            watched: OnceLock::new(),
            created_at: SystemTime::now(),
            history: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> State {
        *self.locked_state()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        let state = self.locked_state();
        let watched = self.watched.get_or_init(|| watch::Sender::new(*state));
        watched.subscribe()
    }

    pub(crate) fn created_at(&self) -> SystemTime {
        self.created_at
    }

    pub(crate) fn history(&self) -> History {
        self.lock().clone()
    }

    /// Goes to `state`, unless the connection is closed, which is for good; tells where it was if that was elsewhere.
    pub(crate) fn enter(&self, state: State, tell: impl FnOnce(State)) {
        let mut current = self.locked_state();
        if *current == State::Closed || *current == state {
            return;
        }
        // Within the lock, so that changes are told in the order in which they are made.
        tell(std::mem::replace(&mut *current, state));
        if let Some(watched) = self.watched.get() {
            watched.send_replace(state);
        }
    }

    /// A client was opened, which proves that the server is there.
    pub(crate) fn connected(&self) {
        let mut history = self.lock();
        history.connected_at = Some(SystemTime::now());
        history.learnt = Some(Instant::now());
        history.connects += 1;
        history.streak = 0;
        history.failing = false;
        history.last_error = None;
    }

    /// Another server is the primary now.
    pub(crate) fn failed_over(&self) {
        self.lock().failovers += 1;
    }

    /// Nothing is known of it any more.
    pub(crate) fn begin_anew(&self) {
        let mut history = self.lock();
        history.learnt = None;
        history.streak = 0;
        history.failing = false;
        history.last_error = None;
    }

    /// Opening failed.
    pub(crate) fn failed(&self, error: &Error) {
        let mut history = self.lock();
        history.learnt = Some(Instant::now());
        history.failures += 1;
        history.last_error = Some(error.clone());
    }

    /// A check ended; gives back how many in a row have ended so.
    pub(crate) fn checked(&self, error: Option<&Error>, took: Duration) -> u32 {
        let mut history = self.lock();
        let as_before = history.failing == error.is_some();
        history.failing = error.is_some();
        history.streak = if as_before {
            history.streak.saturating_add(1)
        } else {
            1
        };
        history.checked_at = Some(SystemTime::now());
        history.learnt = Some(Instant::now());
        history.latency = Some(took);
        history.last_error = error.cloned();
        history.failures += u64::from(error.is_some());
        history.streak
    }

    fn locked_state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        // Nothing panics while it is held, and a half-written history would still be usable.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
