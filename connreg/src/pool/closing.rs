//! Why connections of a pool end, and how many did for each reason.

use std::fmt;
#[cfg(feature = "pool")]
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a pool closed one of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// It lay idle for `idle_timeout`.
    Idle,
    /// It reached its `max_lifetime`.
    Lifetime,
    /// It was found broken, without asking the server.
    Broken,
    /// Its lease was dropped with a request under way.
    Abandoned,
    /// It did not answer a test.
    TestFailed,
    /// It was opened before [`Pool::retire`](super::Pool::retire).
    Retired,
    /// Its lease was [discarded](super::Lease::discard).
    Discarded,
    /// The pool was closed.
    PoolClosed,
}

const REASONS: usize = 8;

impl CloseReason {
    /// All reasons.
    pub const ALL: [Self; REASONS] = [
        Self::Idle,
        Self::Lifetime,
        Self::Broken,
        Self::Abandoned,
        Self::TestFailed,
        Self::Retired,
        Self::Discarded,
        Self::PoolClosed,
    ];

    /// The reason's stable name, as metrics and pages show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Broken => "broken",
            Self::Abandoned => "abandoned",
            Self::TestFailed => "test_failed",
            Self::Retired => "retired",
            Self::Discarded => "discarded",
            Self::PoolClosed => "pool_closed",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many connections were closed for each reason since the start.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ClosedCounts([u64; REASONS]);

impl ClosedCounts {
    pub(super) fn plus(mut self, other: &Self) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own += other;
        }
        self
    }

    /// How many were closed for `reason`.
    pub const fn of(&self, reason: CloseReason) -> u64 {
        self.0[reason as usize]
    }

    /// How many were closed in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each reason with its count.
    pub fn iter(&self) -> impl Iterator<Item = (CloseReason, u64)> + '_ {
        CloseReason::ALL.into_iter().zip(self.0)
    }
}

impl fmt::Debug for ClosedCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().filter(|(_, count)| *count > 0))
            .finish()
    }
}

/// The counters behind [`ClosedCounts`].
#[cfg(feature = "pool")]
#[derive(Default)]
pub(super) struct Closings([AtomicU64; REASONS]);

#[cfg(feature = "pool")]
impl Closings {
    pub(super) fn count(&self, reason: CloseReason) {
        self.0[reason as usize].fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn read(&self) -> ClosedCounts {
        ClosedCounts(self.0.each_ref().map(|count| count.load(Ordering::Acquire)))
    }
}
