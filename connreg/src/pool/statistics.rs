//! The figures of a pool at one moment.

use std::time::Duration;

use super::ClosedCounts;

/// The figures of a pool at one moment.
///
/// `total` is always `created - closed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// The most connections that the pool may open.
    pub max_size: u32,
    /// Connections open, idle or not; without the one for checks.
    pub total: u32,
    /// Connections on lease.
    pub active: u32,
    /// Connections open and free.
    pub idle: u32,
    /// Connections open for [`Pool::check`](super::Pool::check), beside the others: one at the most.
    ///
    /// Nobody borrows it, so `max_size`, `total`, `created` and `closed` don't count it.
    pub checking: u32,
    /// Callers that wait.
    pub waiting: u32,
    /// Acquisitions asked for since the start.
    pub requests: u64,
    /// Acquisitions that timed out since the start.
    pub timeouts: u64,
    /// Connections opened since the start.
    pub created: u64,
    /// Connections closed since the start.
    pub closed: u64,
    /// Why those were closed.
    pub closed_by: ClosedCounts,
    /// How long acquisitions waited in all since the start.
    pub wait_time: Duration,
    /// 99 of 100 acquisitions since the start waited no longer than this, to within an eighth.
    pub p99_wait: Duration,
}

impl PoolStatistics {
    /// The figures of two pools together; the greater of the percentiles.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            max_size: self.max_size.saturating_add(other.max_size),
            total: self.total + other.total,
            active: self.active + other.active,
            idle: self.idle + other.idle,
            checking: self.checking + other.checking,
            waiting: self.waiting + other.waiting,
            requests: self.requests + other.requests,
            timeouts: self.timeouts + other.timeouts,
            created: self.created + other.created,
            closed: self.closed + other.closed,
            closed_by: self.closed_by.plus(&other.closed_by),
            wait_time: self.wait_time + other.wait_time,
            p99_wait: self.p99_wait.max(other.p99_wait),
        }
    }

    /// How long an acquisition waited on average.
    pub fn average_wait(&self) -> Duration {
        u32::try_from(self.requests)
            .ok()
            .and_then(|n| self.wait_time.checked_div(n))
            .unwrap_or_default()
    }
}
