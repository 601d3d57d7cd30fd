//! What happens to connections, told to whoever listens: a `broadcast` for all, callbacks for one.
//!
//! Telling never waits: a queue that is full drops its oldest event, and its reader learns how many it missed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::AbortHandle;

use crate::error::Error;
use crate::lifecycle::State;
use crate::registry::ConnectionType;

/// How many events wait for a slow reader of all connections' events.
const QUEUE: usize = 256;

/// How many wait for a slow callback on one connection.
const CALLBACK_QUEUE: usize = 64;

/// Something that happened to one connection. Holds no setting's value, so no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// The connection's name, as it was configured.
    pub connection: Arc<str>,
    /// Its type.
    pub connection_type: ConnectionType,
    /// The connection's number, unique within the process.
    pub id: u64,
    /// When it happened.
    pub at: SystemTime,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A client was opened and is in place.
    Opened,
    /// The connection was closed for good.
    Closed,
    /// Opening it or a check failed, or an operation found that the server can no longer be talked to.
    Error {
        /// Why.
        error: Error,
    },
    /// It went from one state to another.
    StateChanged {
        /// Where it was.
        from: State,
        /// Where it is.
        to: State,
    },
    /// It does not work, and a new client will be opened.
    Reconnecting {
        /// The number of the attempt, from 1.
        attempt: u32,
        /// How long is waited before it.
        delay: Duration,
    },
    /// A reload gave it other settings or policies.
    Reloaded,
    /// Its circuit breaker went from one state to another.
    BreakerChanged {
        /// Where it was.
        from: BreakerState,
        /// Where it is.
        to: BreakerState,
    },
    /// Another server is the primary, and the connection's work goes there now.
    FailedOver {
        /// The server that it left, as `host:port`; `None`: one address stands for both.
        from: Option<String>,
        /// The server that it uses now, as `host:port`.
        to: String,
    },
}

/// Where a circuit breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Everything goes through.
    Closed,
    /// Nothing goes through.
    Open,
    /// One at a time goes through, to see whether it works again.
    HalfOpen,
}

impl BreakerState {
    /// The state's stable name, as events, metrics and reports show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl EventKind {
    /// The kind's stable name, as metrics and reports show it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Error { .. } => "error",
            Self::StateChanged { .. } => "state_changed",
            Self::Reconnecting { .. } => "reconnecting",
            Self::Reloaded => "reloaded",
            Self::BreakerChanged { .. } => "breaker_changed",
            Self::FailedOver { .. } => "failed_over",
        }
    }
}

/// Where the events of all connections of one container meet.
#[derive(Debug)]
pub(crate) struct Hub {
    all: broadcast::Sender<Event>,
    /// Where callbacks run: the runtime that loaded the configuration.
    runtime: Option<Handle>,
    /// Wakes the health monitor.
    changed: Notify,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            all: broadcast::Sender::new(QUEUE),
            runtime: Handle::try_current().ok(),
            changed: Notify::new(),
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.all.subscribe()
    }

    /// Says that there is something to look at.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Resolves when there is something to look at.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

/// Where one connection's events go out.
#[derive(Debug)]
pub(crate) struct Emitter {
    hub: Arc<Hub>,
    /// There once somebody has registered a callback.
    own: OnceLock<broadcast::Sender<Event>>,
}

impl Emitter {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            own: OnceLock::new(),
        }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(crate) fn emit(&self, event: Event) {
        // No receiver is no error: nobody listens.
        if let Some(own) = self.own.get().filter(|own| own.receiver_count() > 0) {
            let _ = own.send(event.clone());
        }
        let _ = self.hub.all.send(event);
    }

    pub(crate) fn listen(
        &self,
        callback: impl Fn(&Event) + Send + Sync + 'static,
    ) -> EventListener {
        let own = self
            .own
            .get_or_init(|| broadcast::Sender::new(CALLBACK_QUEUE));
        let missed = Arc::new(AtomicU64::new(0));
        let delivery = deliver(own.subscribe(), Arc::new(callback), Arc::clone(&missed));
        let task = self
            .hub
            .runtime
            .as_ref()
            .map(|runtime| runtime.spawn(delivery).abort_handle());
        EventListener { task, missed }
    }
}

/// Calls `callback` with each event in turn, on threads that may block.
async fn deliver(
    mut events: broadcast::Receiver<Event>,
    callback: Arc<impl Fn(&Event) + Send + Sync + 'static>,
    missed: Arc<AtomicU64>,
) {
    loop {
        match events.recv().await {
            Ok(event) => {
                let callback = Arc::clone(&callback);
                let called = tokio::task::spawn_blocking(move || {
                    let name = Arc::clone(&event.connection);
                    let kind = event.kind.as_str();
                    // One that panics is called again for the next event.
                    if catch_unwind(AssertUnwindSafe(|| callback(&event))).is_err() {
                        tracing::error!(connection = %name, event = kind, "a callback on events panicked");
                    }
                });
                if called.await.is_err() {
                    return;
                }
            }
            Err(RecvError::Lagged(number)) => {
                missed.fetch_add(number, Ordering::Relaxed);
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// A registered callback; dropping it unregisters the callback.
#[derive(Debug)]
#[must_use = "the callback is unregistered when this is dropped"]
pub struct EventListener {
    task: Option<AbortHandle>,
    missed: Arc<AtomicU64>,
}

impl EventListener {
    /// How many events were dropped because the callback was too slow for them.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
