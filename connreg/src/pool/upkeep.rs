//! What happens to a pool while nobody asks: idle time-outs, lifetimes, tests, the smallest size, warnings of leases
//! that are held too long, and finding out that a server is back.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use super::Manage;
use super::closing::CloseReason;
use super::fair::Inner;
use super::glue::Glue;
use super::outage::Probe;
use super::pooled::Pooled;
use super::shared::{Purpose, Shared};

/// How often the pool is looked after at least.
const INTERVAL: Duration = Duration::from_secs(30);

/// How often it is looked after at the most.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);

/// Up to `max_connecting` connections are opened in this time towards the smallest size, so that fifty processes that
/// start together do not overrun a server.
const WARM_UP_STEP: Duration = Duration::from_secs(1);

/// How often a closed pool is looked after until its last lease is back.
const CLOSED_STEP: Duration = Duration::from_secs(1);

/// How long an idle connection goes untested, where idle ones are tested.
const TEST_INTERVAL: Duration = Duration::from_secs(30);

/// How often a connection is offered to `bb8`.
const ADD_TRIES: u32 = 100;

type Idle<M> = bb8::PooledConnection<'static, Glue<M>>;

/// Looks after the pool until it is closed or has gone.
pub(super) fn spawn<M: Manage>(pool: &Arc<Inner<M>>) {
    let (shared, weak) = (Arc::clone(&pool.shared), Arc::downgrade(pool));
    pool.shared.runtime.spawn(async move {
        let mut topped_up = None;
        while let Some(pool) = weak.upgrade() {
            if shared.is_closed() {
                // One that was opened as the pool was closed may have come after the others were.
                pool.sweep();
                if shared.open_count() == 0 {
                    return;
                }
                drop(pool);
                sleep(CLOSED_STEP).await;
                continue;
            }
            let next = pool.tend(&mut topped_up).await;
            drop(pool);
            // Woken early or not: the pool is looked after.
            let _ = timeout_at(next, shared.upkeep.notified()).await;
        }
    });
}

/// Has one task try, with growing pauses, whether a server that is known to be down is back.
pub(super) fn probe<M: Manage>(pool: &Arc<Inner<M>>) {
    if pool.shared.outage.begin_probing() {
        let (shared, weak) = (Arc::clone(&pool.shared), Arc::downgrade(pool));
        let probing = Probing(Arc::clone(&shared));
        pool.shared.runtime.spawn(async move {
            try_until_back(&shared, &weak).await;
            drop(probing);
        });
    }
}

/// Lets the next prober begin, even if this one panics.
struct Probing<M: Manage>(Arc<Shared<M>>);

impl<M: Manage> Drop for Probing<M> {
    fn drop(&mut self) {
        self.0.outage.end_probing();
    }
}

async fn try_until_back<M: Manage>(shared: &Arc<Shared<M>>, pool: &Weak<Inner<M>>) {
    loop {
        shared.outage.pause().await;
        if shared.is_closed() || pool.strong_count() == 0 {
            return;
        }
        let is_needed = shared.settings.min_size > 0;
        match shared
            .outage
            .probe(shared.manager.credential_version(), is_needed)
        {
            Probe::Stop => {
                // Whoever found it back has opened one at the most.
                shared.upkeep.notify_one();
                return;
            }
            Probe::Wait => {}
            Probe::Try => {
                if let Ok((pooled, entry)) = shared.open(Purpose::Upkeep).await {
                    if let Some(pool) = pool.upgrade() {
                        pool.add(pooled).await;
                        entry.opened();
                        pool.shared.upkeep.notify_one();
                    }
                    return;
                }
            }
        }
    }
}

impl<M: Manage> Inner<M> {
    /// Looks after everything, and says when to do so again. `topped_up` is when the smallest size was last seen to.
    async fn tend(self: &Arc<Self>, topped_up: &mut Option<Instant>) -> Instant {
        let shared = &self.shared;
        self.sweep();
        if shared.settings.test_while_idle {
            self.test_idle().await;
        }
        let is_short = self.top_up(topped_up).await;
        let next_leak = self.warn_of_leaks();
        let now = Instant::now();
        let settings = &shared.settings;
        let interval = INTERVAL
            .min(settings.idle_timeout / 2)
            .min(settings.max_lifetime / 30);
        let next = [next_leak, shared.holds().next_expiry()]
            .into_iter()
            .flatten()
            .fold(now + interval, Instant::min);
        let next = next.max(now + SHORTEST_INTERVAL);
        if is_short {
            next.min(now + WARM_UP_STEP)
        } else {
            next
        }
    }

    /// Closes idle connections that are not to be used again, or that nobody has needed for long.
    pub(super) fn sweep(&self) {
        self.checks.sweep();
        for mut idle in self.take_all_idle() {
            self.can_stay(&mut idle);
        }
    }

    /// Whether a connection that lay idle can be used again; if not, it says why.
    pub(super) fn can_stay(&self, idle: &mut Pooled<M>) -> bool {
        let settings = &self.shared.settings;
        let is_idle_for_long = idle.used_at.elapsed() >= settings.idle_timeout;
        if idle.is_fit() && is_idle_for_long && self.shared.open_count() > settings.min_size {
            idle.doomed = Some(CloseReason::Idle);
        }
        idle.doomed.is_none()
    }

    /// All idle connections, the one used last at the end: given back in this order, it goes out first again.
    fn take_all_idle(&self) -> Vec<Idle<M>> {
        let mut all = Vec::new();
        while let Some(idle) = self.take_idle() {
            all.push(idle);
        }
        all.sort_by_key(|idle| idle.used_at);
        all
    }

    pub(super) fn take_idle(&self) -> Option<Idle<M>> {
        if self.connections.state().idle_connections == 0 {
            return None;
        }
        // With an idle one there, the first poll gives it; if somebody was faster, asking is given up.
        let _home = self.shared.runtime.enter();
        let taking = pin!(self.connections.get_owned());
        match taking.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(idle)) => Some(idle),
            Poll::Ready(Err(_)) | Poll::Pending => None,
        }
    }

    /// Tests idle connections, half of them at a time, so that callers find some meanwhile.
    async fn test_idle(self: &Arc<Self>) {
        loop {
            let due = self.take_due();
            if due.is_empty() {
                return;
            }
            let mut tests = JoinSet::new();
            for (mut idle, turn) in due {
                let pool = Arc::clone(self);
                tests.spawn(async move {
                    pool.passes_test(&mut idle).await;
                    // The connection is back before the next in line is let in.
                    drop(idle);
                    drop(turn);
                });
            }
            // One whose test panicked was dropped.
            while tests.join_next().await.is_some() {}
        }
    }

    /// Idle connections that want testing, each with a turn: a connection is never out without one.
    fn take_due(&self) -> Vec<(Idle<M>, OwnedSemaphorePermit)> {
        let all = self.take_all_idle();
        let at_once = all.len().div_ceil(2);
        let mut due = Vec::new();
        for idle in all {
            if due.len() < at_once
                && idle.unproven_for() >= TEST_INTERVAL
                && let Ok(turn) = Semaphore::try_acquire_owned(Arc::clone(&self.turns))
            {
                due.push((idle, turn));
            }
        }
        due
    }

    /// Opens some of the connections that the smallest size wants, unless it was done within the `last` second. Whether
    /// more are wanted afterwards.
    async fn top_up(self: &Arc<Self>, last: &mut Option<Instant>) -> bool {
        let shared = &self.shared;
        let (min_size, open) = (shared.settings.min_size, shared.open_count());
        // None is opened to a server that is being left.
        if open >= min_size || shared.is_closed() || shared.is_suspended() {
            return false;
        }
        // While the server is down, its prober opens the first.
        if shared.outage.is_down() {
            probe(self);
            return false;
        }
        let now = Instant::now();
        let was_just_done = last.is_some_and(|last| now < last + WARM_UP_STEP);
        // A server without room has said when it wants to be asked again.
        if was_just_done || shared.outage.is_full().is_some() {
            return true;
        }
        *last = Some(now);
        let mut opening = JoinSet::new();
        for _ in 0..shared.settings.max_connecting.clamp(1, min_size - open) {
            let shared = Arc::clone(shared);
            opening.spawn(async move { shared.open(Purpose::Upkeep).await });
        }
        while let Some(opened) = opening.join_next().await {
            match opened {
                Ok(Ok((pooled, entry))) => {
                    self.add(pooled).await;
                    entry.opened();
                }
                _ => probe(self),
            }
        }
        shared.open_count() < min_size
    }

    /// Puts an open connection into the pool. There is room for it: where `bb8` has promised that to somebody, it learns
    /// as soon as it tries that there is no more.
    async fn add(&self, mut pooled: Pooled<M>) {
        for _ in 0..ADD_TRIES {
            match self.try_add(pooled) {
                Ok(()) => return,
                Err(refused) => pooled = refused,
            }
            if !pooled.is_fit() {
                return;
            }
            yield_now().await;
        }
        pooled.doomed = Some(CloseReason::Idle);
    }

    pub(super) fn try_add(&self, pooled: Pooled<M>) -> Result<(), Pooled<M>> {
        use bb8::AddError::{Broken, NoCapacity};
        match self.connections.add(pooled) {
            Ok(()) => {
                self.shared.added();
                Ok(())
            }
            Err(Broken(pooled) | NoCapacity(pooled)) => Err(pooled),
        }
    }

    /// Warns once of each lease that is held too long, and says when the next one will be.
    fn warn_of_leaks(&self) -> Option<Instant> {
        let limit = self.shared.settings.leak_warning;
        if limit.is_zero() {
            return None;
        }
        let (overdue, next) = self.shared.holds().overdue(limit);
        for holder in overdue {
            warn!(
                connection = &*self.shared.name,
                place = %holder.place,
                held_ms = holder.held.as_millis(),
                "a connection of the pool has been held for long; was it forgotten?"
            );
        }
        next
    }
}
