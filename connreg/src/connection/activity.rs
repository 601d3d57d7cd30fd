//! Work in flight: counted while it lasts, waited for when the connection is closed.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::untyped::Core;

/// How many operations are under way, and when the last one began.
#[derive(Debug, Default)]
pub(super) struct Activity {
    executing: AtomicUsize,
    /// Nanoseconds since the epoch; 0: never.
    last_used: AtomicU64,
    stopped: AtomicBool,
    drained: Notify,
}

impl Activity {
    pub(super) fn executing(&self) -> usize {
        self.executing.load(Ordering::Relaxed)
    }

    pub(super) fn last_used_at(&self) -> Option<SystemTime> {
        let nanos = self.last_used.load(Ordering::Relaxed);
        (nanos > 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos))
    }

    fn used_now(&self) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos());
        self.last_used
            .store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Lets nothing begin any more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Resolves when nothing is under way. Only after [`stop`](Self::stop).
    pub(super) async fn drained(&self) {
        loop {
            let mut drained = pin!(self.drained.notified());
            // Listening begins before looking, so that no end is missed.
            drained.as_mut().enable();
            if self.executing.load(Ordering::SeqCst) == 0 {
                return;
            }
            drained.await;
        }
    }

    fn end(&self) {
        if self.executing.fetch_sub(1, Ordering::SeqCst) == 1 && self.stopped.load(Ordering::SeqCst)
        {
            self.drained.notify_waiters();
        }
    }
}

/// One operation under way, counted until this is dropped.
pub(crate) struct InFlight(Arc<Core>);

impl InFlight {
    /// `None`: the connection is closed.
    pub(super) fn new(core: Arc<Core>) -> Option<Self> {
        let activity = &core.activity;
        // Counted before looking: whoever stops after the look sees the count.
        activity.executing.fetch_add(1, Ordering::SeqCst);
        if activity.stopped.load(Ordering::SeqCst) {
            activity.end();
            return None;
        }
        activity.used_now();
        Some(Self(core))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.activity.end();
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InFlight({})", self.0.name())
    }
}
