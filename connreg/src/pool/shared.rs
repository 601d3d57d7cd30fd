//! What the pool, its leases, `bb8`'s tasks and the upkeep share: settings, books, failures.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use super::closing::{CloseReason, Closings};
use super::event::{PoolEvent, Told};
use super::gate::{Entry, Gate};
use super::holds::{Hold, Holder, Holds};
use super::outage::Outage;
use super::pooled::Pooled;
use super::waits::Waits;
use super::{Manage, PoolStatistics};
use crate::backoff::ROLE_PAUSE;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::policy::PoolSettings;

/// How often a connection that is to be opened asks for room.
const ROOM_TRIES: u32 = 4;

/// What the pool, its leases, `bb8`'s tasks and the upkeep share.
pub(super) struct Shared<M> {
    pub(super) manager: M,
    pub(super) name: Arc<str>,
    pub(super) settings: PoolSettings,
    pub(super) connect_timeout: Duration,
    pub(super) outage: Outage,
    pub(super) waits: Waits,
    pub(super) runtime: Handle,
    /// The upkeep has something to do.
    pub(super) upkeep: Notify,
    gate: Arc<Gate>,
    /// One for each connection that is open or being opened: `bb8` knows nothing of those that are opened for the pool.
    rooms: Arc<Semaphore>,
    holds: Holds,
    closings: Closings,
    told: Told,
    generation: AtomicU64,
    /// When a lease last found that its whole generation is of no use.
    last_found: Mutex<Option<Instant>>,
    is_closed: AtomicBool,
    is_suspended: AtomicBool,
    resumed: Notify,
    returned: Notify,
    /// A connection was opened, or could not be.
    tried: Notify,
    closing: Arc<Closing>,
    next_id: AtomicU64,
    /// Connections open for checks.
    pub(super) checking: AtomicU32,
    created: AtomicU64,
    requests: AtomicU64,
    timeouts: AtomicU64,
    waiting: AtomicU32,
    active: AtomicU32,
    /// Connections being opened because somebody waits.
    demanded: AtomicU32,
}

/// Why a connection is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A caller waits for it.
    Demand,
    /// The pool wants it: to have `min_size`, or to see whether the server is back.
    Upkeep,
}

/// Why no connection was opened.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Connect(Arc<ConnectError>),
    /// Nobody waited for it any more, or the pool is closed.
    GivenUp,
    /// As many are open or being opened as may be: one of them is on its way into the pool.
    NoRoom,
}

/// Connections whose closing is under way.
#[derive(Default)]
struct Closing {
    count: AtomicU32,
    done: Notify,
}

/// One of them.
pub(super) struct ClosingGuard(Arc<Closing>);

impl Drop for ClosingGuard {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::AcqRel);
        self.0.done.notify_waiters();
    }
}

/// Counts one in `T` for as long as it lives.
pub(super) struct Counted<'a>(&'a AtomicU32);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<M: Manage> Shared<M> {
    pub(super) fn new(
        manager: M,
        name: Arc<str>,
        settings: PoolSettings,
        connect_timeout: Duration,
        told: Told,
    ) -> Self {
        Self {
            manager,
            name,
            connect_timeout,
            outage: Outage::default(),
            waits: Waits::new(),
            runtime: Handle::current(),
            upkeep: Notify::new(),
            gate: Arc::new(Gate::new(settings.max_connecting)),
            rooms: Arc::new(Semaphore::new(settings.max_size as usize)),
            holds: Holds::default(),
            closings: Closings::default(),
            told,
            generation: AtomicU64::new(0),
            last_found: Mutex::default(),
            is_closed: AtomicBool::new(false),
            is_suspended: AtomicBool::new(false),
            resumed: Notify::new(),
            returned: Notify::new(),
            tried: Notify::new(),
            closing: Arc::default(),
            next_id: AtomicU64::new(1),
            checking: AtomicU32::new(0),
            created: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
            active: AtomicU32::new(0),
            demanded: AtomicU32::new(0),
            settings,
        }
    }

    pub(super) fn emit(&self, event: impl FnOnce() -> PoolEvent) {
        if let Some(observer) = &self.told.observer {
            observer(event());
        }
    }

    pub(super) fn error(&self, error: ConnectError) -> Error {
        error.for_connection(Arc::clone(&self.name), "acquire")
    }

    /// Counts a request and a waiter; the latter until the guard is dropped.
    pub(super) fn ask(&self) -> Counted<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Counted::new(&self.waiting)
    }

    pub(super) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn lent(&self, pooled: &Pooled<M>, place: &'static Location<'static>) {
        self.active.fetch_add(1, Ordering::AcqRel);
        pooled.hold.lend(Instant::now(), place);
    }

    pub(super) fn given_back(&self) {
        self.active.fetch_sub(1, Ordering::AcqRel);
        self.returned.notify_waiters();
    }

    /// Says that a connection was put into the pool that nobody had waited for.
    pub(super) fn added(&self) {
        self.returned.notify_waiters();
    }

    /// Resolves when a connection comes back from now on.
    pub(super) fn one_returned(&self) -> Notified<'_> {
        self.returned.notified()
    }

    /// Resolves when no connection is on lease.
    pub(super) async fn drained(&self) {
        loop {
            let returned = self.returned.notified();
            if self.active.load(Ordering::Acquire) == 0 {
                return;
            }
            returned.await;
        }
    }

    pub(super) fn suspend(&self) {
        if !self.is_suspended.swap(true, Ordering::AcqRel) {
            self.emit(|| PoolEvent::Suspended);
        }
    }

    pub(super) fn resume(&self) {
        if self.is_suspended.swap(false, Ordering::AcqRel) {
            self.emit(|| PoolEvent::Resumed);
            self.resumed.notify_waiters();
            self.upkeep.notify_one();
        }
    }

    pub(super) fn is_suspended(&self) -> bool {
        self.is_suspended.load(Ordering::Acquire)
    }

    /// Resolves when the pool is not suspended, or is closed.
    pub(super) async fn served(&self) {
        loop {
            let resumed = self.resumed.notified();
            if !self.is_suspended() || self.is_closed() {
                return;
            }
            resumed.await;
        }
    }

    pub(super) fn retire(&self) {
        self.retired(self.generation.fetch_add(1, Ordering::AcqRel) + 1);
    }

    /// Retires `generation` unless another one has taken its place, or did so just now. Says whether it did.
    pub(super) fn retire_generation(&self, generation: u64) -> bool {
        let mut last = self
            .last_found
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|at| at.elapsed() >= ROLE_PAUSE);
        let next = generation + 1;
        let retires = is_due
            && self
                .generation
                .compare_exchange(generation, next, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        if retires {
            *last = Some(Instant::now());
            drop(last);
            self.retired(next);
        }
        retires
    }

    fn retired(&self, generation: u64) {
        self.emit(|| PoolEvent::Retired { generation });
        self.upkeep.notify_one();
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether it was open.
    pub(super) fn close(&self) -> bool {
        let was_open = !self.is_closed.swap(true, Ordering::AcqRel);
        self.resumed.notify_waiters();
        self.returned.notify_waiters();
        self.tried.notify_waiters();
        self.upkeep.notify_one();
        was_open
    }

    /// Resolves when the pool is closed.
    pub(super) async fn until_closed(&self) {
        loop {
            let closed = self.resumed.notified();
            if self.is_closed() {
                return;
            }
            closed.await;
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Connections open at the moment.
    pub(super) fn open_count(&self) -> u32 {
        let closed = self.closings.read().total();
        live(self.created.load(Ordering::Acquire), closed)
    }

    pub(super) fn created(&self) {
        self.created.fetch_add(1, Ordering::AcqRel);
        self.tried.notify_waiters();
    }

    /// Resolves when the smallest size is open.
    pub(super) async fn warm(&self) -> Result<(), Arc<ConnectError>> {
        loop {
            let tried = self.tried.notified();
            if self.open_count() >= self.settings.min_size {
                return Ok(());
            }
            if self.is_closed() {
                return Err(Arc::new(closed()));
            }
            if let Some(error) = self.outage.last() {
                return Err(error);
            }
            tried.await;
        }
    }

    pub(super) fn closed(&self, hold: &Arc<Hold>, reason: CloseReason) {
        self.holds.remove(hold);
        self.closings.count(reason);
        if matches!(reason, CloseReason::Broken | CloseReason::TestFailed) {
            self.told.of_trouble();
        }
        if self.open_count() < self.settings.min_size {
            self.upkeep.notify_one();
        }
    }

    pub(super) fn hold(&self) -> Arc<Hold> {
        let settings = &self.settings;
        self.holds.add(settings.max_lifetime, settings.max_size)
    }

    pub(super) fn holders(&self) -> Vec<Holder> {
        self.holds.oldest()
    }

    pub(super) fn holds(&self) -> &Holds {
        &self.holds
    }

    pub(super) fn closing(&self) -> ClosingGuard {
        self.closing.count.fetch_add(1, Ordering::AcqRel);
        ClosingGuard(Arc::clone(&self.closing))
    }

    /// Resolves when no connection is open but those on lease, and every good-bye has been said.
    pub(super) async fn all_closed(&self) {
        loop {
            let done = self.closing.done.notified();
            let is_over = self.closing.count.load(Ordering::Acquire) == 0;
            if is_over && self.open_count() <= self.active.load(Ordering::Acquire) {
                return;
            }
            done.await;
        }
    }

    pub(super) fn statistics(&self) -> PoolStatistics {
        let active = self.active.load(Ordering::Acquire);
        // In this order: what is opened meanwhile is not taken for closed.
        let closed_by = self.closings.read();
        let (created, closed) = (self.created.load(Ordering::Acquire), closed_by.total());
        let total = live(created, closed);
        PoolStatistics {
            max_size: self.settings.max_size,
            total,
            active: active.min(total),
            idle: total.saturating_sub(active),
            checking: self.checking.load(Ordering::Acquire),
            waiting: self.waiting.load(Ordering::Acquire),
            requests: self.requests.load(Ordering::Relaxed),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            created,
            closed,
            closed_by,
            wait_time: self.waits.sum(),
            p99_wait: self.waits.p99(),
        }
    }

    /// Opens a connection when it is its turn. Runs in a task of its own: a panic in the back end must not leave
    /// anybody's books wrong, and a caller who goes away must not waste what is nearly there.
    ///
    /// The entry is to be left as `opened` once the connection is in the pool: the next to be opened may not be needed.
    pub(super) async fn open(
        self: &Arc<Self>,
        purpose: Purpose,
    ) -> Result<(Pooled<M>, Entry), Failure> {
        let room = self.room_soon().await.ok_or(Failure::NoRoom)?;
        let shared = Arc::clone(self);
        let opened = self
            .runtime
            .spawn(async move { shared.open_in_turn(purpose, room).await });
        opened.await.unwrap_or_else(|error| {
            if !error.is_panic() {
                return Err(Failure::GivenUp);
            }
            let error = ConnectError::new(ErrorKind::Other, "the back end panicked");
            Err(self.failed(error, self.manager.credential_version()))
        })
    }

    async fn open_in_turn(
        self: &Arc<Self>,
        purpose: Purpose,
        room: OwnedSemaphorePermit,
    ) -> Result<(Pooled<M>, Entry), Failure> {
        let entry = self.gate.enter().await;
        if self.is_closed() {
            return Err(Failure::GivenUp);
        }
        let mut _demanded = None;
        if purpose == Purpose::Demand {
            // bb8 approves one connection for each waiter; by now they may all have been served.
            if self.waiting.load(Ordering::Acquire) <= self.demanded.load(Ordering::Acquire) {
                return Err(Failure::GivenUp);
            }
            // Whoever was in front has just been refused: no need to ask again.
            if let Some(error) = self.outage.refusal().or_else(|| self.outage.is_full()) {
                return Err(Failure::Connect(error));
            }
            _demanded = Some(Counted::new(&self.demanded));
        }
        let (id, generation) = (self.next_id(), self.generation());
        // Another one may come while the server thinks about this one.
        let version = self.manager.credential_version();
        let started = Instant::now();
        self.emit(|| PoolEvent::Opening { id });
        let error = match self.connect().await {
            Ok(connection) => {
                if self.outage.succeeded() {
                    self.told.of_return();
                }
                let pooled = Pooled::new(connection, id, generation, room, self);
                let took = started.elapsed();
                self.emit(|| PoolEvent::Opened { id, took });
                return Ok((pooled, entry));
            }
            Err(error) => error,
        };
        entry.failed();
        self.told.of_trouble();
        let failure = self.failed(error, version);
        if let Failure::Connect(error) = &failure {
            self.emit(|| PoolEvent::OpenFailed {
                id,
                error: Arc::clone(error),
            });
        }
        Err(failure)
    }

    /// Room for one more connection, if there is any.
    pub(super) fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.rooms).try_acquire_owned().ok()
    }

    /// The same, or room that is just about to be left: `bb8` tells of a connection that ends before it drops it.
    async fn room_soon(&self) -> Option<OwnedSemaphorePermit> {
        for _ in 0..ROOM_TRIES {
            if let Some(room) = self.room() {
                return Some(room);
            }
            yield_now().await;
        }
        None
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// One attempt, within its time.
    pub(super) async fn connect(&self) -> Result<M::Connection, ConnectError> {
        let limit = self.connect_timeout;
        timeout(limit, self.manager.connect())
            .await
            .unwrap_or_else(|_| {
                let limit = humantime::format_duration(limit);
                let message = format!("a connection could not be opened within {limit}");
                Err(ConnectError::new(ErrorKind::Timeout, message))
            })
    }

    /// Notes a failed attempt, made with the credential of this `version`.
    pub(super) fn failed(&self, error: ConnectError, version: u64) -> Failure {
        let error = Arc::new(error);
        // A server that has no room for more is not down for those who are in.
        let is_full = error.kind() == ErrorKind::Overloaded && self.open_count() > 0;
        self.outage.failed(&error, version, !is_full);
        if error.kind() == ErrorKind::Authentication {
            self.told.of_refusal();
        }
        self.tried.notify_waiters();
        Failure::Connect(error)
    }
}

/// What is said of a pool that hands out nothing any more.
pub(super) fn closed() -> ConnectError {
    ConnectError::new(ErrorKind::Closed, "the pool was closed")
}

fn live(created: u64, closed: u64) -> u32 {
    u32::try_from(created.saturating_sub(closed)).unwrap_or(u32::MAX)
}
