//! What every connection has, whatever its type: name, context, state, history, events, work in flight.

use std::fmt;
#[cfg(feature = "testing")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use super::activity::{Activity, InFlight};
use super::capability::Views;
use super::engines::{Engine, Engines};
use super::opening::Gate;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::event::{BreakerState, Emitter, Event, EventKind, EventListener, Hub};
use crate::lifecycle::{Lifecycle, State};
use crate::observe::Operations;
use crate::policy::Change;
use crate::registry::ConnectionType;
#[cfg(feature = "testing")]
use crate::testing::Faults;

/// The part of a connection that does not depend on its type, so that it is compiled once.
pub(crate) struct Core {
    id: u64,
    name: Arc<str>,
    kind: ConnectionType,
    engines: Engines,
    operations: Operations,
    pub(super) lifecycle: Lifecycle,
    pub(super) activity: Activity,
    emitter: Emitter,
    /// Counts the clients that have been here, so that views of one know when it is replaced.
    generation: AtomicU64,
    gate: Mutex<Gate>,
    probing: AtomicBool,
    /// Something has come up that a check would clear up.
    suspected: AtomicBool,
    /// It is down, and its server was reached.
    seems_back: AtomicBool,
    /// The server has just refused the credential.
    refused: AtomicBool,
    views: Mutex<Vec<Weak<dyn Views>>>,
    /// What a test injects.
    #[cfg(feature = "testing")]
    faults: OnceLock<Faults>,
}

/// Held while the health monitor has something done for a connection.
pub(crate) struct Probing(Arc<Core>);

impl Drop for Probing {
    fn drop(&mut self) {
        self.0.probing.store(false, Ordering::Release);
        self.0.wake_monitor();
    }
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The program said so.
    Closed,
    /// A reload found it gone from the configuration.
    Removed,
    /// A reload found it with another type.
    Retyped,
}

impl Core {
    pub(super) fn new(context: Context, hub: Arc<Hub>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name: Arc::clone(context.name()),
            kind: context.connection_type(),
            operations: Operations::new(Arc::clone(context.name()), context.connection_type()),
            engines: Engines::new(context),
            lifecycle: Lifecycle::new(),
            activity: Activity::default(),
            emitter: Emitter::new(hub),
            generation: AtomicU64::new(0),
            gate: Mutex::default(),
            probing: AtomicBool::new(false),
            suspected: AtomicBool::new(false),
            seems_back: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            views: Mutex::default(),
            #[cfg(feature = "testing")]
            faults: OnceLock::new(),
        })
    }

    /// Injects `faults` from now on, unless there are some already.
    #[cfg(feature = "testing")]
    pub(crate) fn set_faults(&self, faults: Faults) {
        let _ = self.faults.set(faults);
    }

    #[cfg(feature = "testing")]
    #[inline]
    pub(super) fn faults(&self) -> Option<&Faults> {
        self.faults.get()
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn connection_type(&self) -> ConnectionType {
        self.kind
    }

    /// Name, policy and peers as they are now; a reload may replace them.
    pub(crate) fn context(&self) -> Context {
        self.engines.context()
    }

    pub(crate) fn set_context(&self, context: Context) {
        let before = self.engines.replace(context);
        // What other settings have led to says little under these.
        let from = before.map_or(BreakerState::Closed, |before| before.breaker.state());
        let to = BreakerState::Closed;
        if from != to {
            self.breaker_changed(Change { from, to });
        }
    }

    pub(super) fn gate(&self) -> MutexGuard<'_, Gate> {
        // Nothing panics while it is held.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, with work in flight told.
    pub(crate) fn state(&self) -> State {
        match self.lifecycle.state() {
            State::Connected if self.activity.executing() > 0 => State::Executing,
            state => state,
        }
    }

    pub(crate) fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// How many operations are under way.
    pub(crate) fn executing(&self) -> usize {
        self.activity.executing()
    }

    pub(crate) fn last_used_at(&self) -> Option<SystemTime> {
        self.activity.last_used_at()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The engines of this moment; a reload may replace them.
    #[inline]
    pub(super) fn resilience(&self) -> Engine {
        self.engines.get()
    }

    /// Whether the circuit breaker lets work through.
    pub(super) fn breaker_state(&self) -> BreakerState {
        let made = self.engines.made();
        made.map_or(BreakerState::Closed, |made| made.breaker.state())
    }

    /// What is told of the operations of `run`.
    #[inline]
    pub(crate) fn operations(&self) -> &Operations {
        &self.operations
    }

    pub(super) fn breaker_changed(&self, change: Change) {
        let Change { from, to } = change;
        self.operations.breaker_changed(to);
        tracing::warn!(connection = %self.name, %from, %to, "the circuit breaker changed");
        self.emit(EventKind::BreakerChanged { from, to });
    }

    pub(crate) fn failed_over(&self, from: Option<&str>, to: &str) {
        self.lifecycle.failed_over();
        tracing::warn!(connection = %self.name, from, to, "failed over");
        self.emit(EventKind::FailedOver {
            from: from.map(str::to_owned),
            to: to.to_owned(),
        });
    }

    /// Counts an operation until the guard is dropped; closing waits for it.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub(crate) fn begin(self: &Arc<Self>) -> Result<InFlight, Error> {
        InFlight::new(Arc::clone(self)).ok_or_else(|| self.closed_error())
    }

    /// Has `views` forgotten when the client goes.
    pub(super) fn keep_views(&self, views: Weak<dyn Views>) {
        let mut kept = self.views();
        // From time to time, those that are gone.
        if kept.len().is_power_of_two() {
            kept.retain(|views| views.strong_count() > 0);
        }
        kept.push(views);
    }

    /// To be called when the client has gone, without the gate: what is dropped here may run a back end's code.
    pub(super) fn forget_views(&self) {
        let kept: Vec<_> = self.views().iter().filter_map(Weak::upgrade).collect();
        for views in kept {
            views.forget();
        }
    }

    fn views(&self) -> MutexGuard<'_, Vec<Weak<dyn Views>>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the health monitor is at it, until the guard is dropped.
    pub(crate) fn probe(self: &Arc<Self>) -> Probing {
        self.probing.store(true, Ordering::Release);
        Probing(Arc::clone(self))
    }

    pub(crate) fn is_probing(&self) -> bool {
        self.probing.load(Ordering::Acquire)
    }

    /// Says that an operation, or the client's pool, found the server gone: the health monitor checks at once.
    ///
    /// However many say so, one check answers them.
    pub(crate) fn suspect(&self) {
        if !self.suspected.swap(true, Ordering::AcqRel) {
            self.wake_monitor();
        }
    }

    pub(crate) fn is_suspected(&self) -> bool {
        self.suspected.load(Ordering::Acquire)
    }

    /// To be called as a check begins: what comes up from then on is for the next one. Says whether there was something.
    pub(super) fn take_suspicion(&self) -> bool {
        self.suspected.swap(false, Ordering::AcqRel)
    }

    /// Says that the client's pool could connect again: if it is down, the health monitor looks at once.
    #[cfg(feature = "pool")]
    pub(crate) fn seems_back(&self) {
        if !self.seems_back.swap(true, Ordering::AcqRel) {
            self.wake_monitor();
        }
    }

    /// Whether it seems to be back, and nobody has looked yet.
    pub(crate) fn is_back(&self) -> bool {
        self.seems_back.load(Ordering::Acquire)
    }

    /// It is being looked at, or is not down.
    pub(crate) fn forget_return(&self) {
        self.seems_back.store(false, Ordering::Release);
    }

    /// Says that the server refused the credential: if it is a secret from elsewhere, that is read again.
    pub(crate) fn credential_refused(&self) {
        self.refused.store(true, Ordering::Release);
        self.wake_monitor();
    }

    /// Whether the credential was refused, which is told once.
    pub(crate) fn take_refusal(&self) -> bool {
        self.refused.swap(false, Ordering::AcqRel)
    }

    /// Has the health monitor look again: something has changed.
    pub(super) fn wake_monitor(&self) {
        self.emitter.hub().wake();
    }

    /// Tells listeners; never waits for them.
    pub(crate) fn emit(&self, kind: EventKind) {
        self.emitter.emit(Event {
            connection: Arc::clone(&self.name),
            connection_type: self.kind,
            id: self.id,
            at: SystemTime::now(),
            kind,
        });
    }

    pub(super) fn listen(
        &self,
        callback: impl Fn(&Event) + Send + Sync + 'static,
    ) -> EventListener {
        self.emitter.listen(callback)
    }

    /// Goes to `state`, unless the connection is closed, and tells listeners.
    pub(super) fn enter(&self, state: State) {
        self.lifecycle.enter(state, |from| {
            self.emit(EventKind::StateChanged { from, to: state });
        });
    }

    pub(super) fn error(&self, error: ConnectError, attempted: &'static str) -> Error {
        error.for_connection(Arc::clone(&self.name), attempted)
    }

    pub(crate) fn closed_error(&self) -> Error {
        let closing = self.gate().closing();
        self.error(closing.unwrap_or(Closing::Closed).error(), "connect")
    }

    pub(super) fn timeout_error(
        &self,
        what: &str,
        attempted: &'static str,
        limit: Duration,
    ) -> Error {
        let message = format!("{what} within {}", humantime::format_duration(limit));
        self.error(ConnectError::new(ErrorKind::Timeout, message), attempted)
    }
}

impl Closing {
    pub(super) fn error(self) -> ConnectError {
        let (message, help) = match self {
            Self::Closed => (
                "the connection was closed",
                "use it before `close`, or load the connections again",
            ),
            Self::Removed => (
                "the connection was removed by a reload of the configuration",
                "configure it again, or stop using it",
            ),
            Self::Retyped => (
                "the connection was given another type by a reload of the configuration",
                "ask for it again by name, as its new type",
            ),
        };
        ConnectError::new(ErrorKind::Closed, message).with_help(help)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Core({}: {}, {})", self.name, self.kind, self.state())
    }
}
