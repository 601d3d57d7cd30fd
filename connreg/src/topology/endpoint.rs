//! What is known of one server.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::time::Instant;

use super::Role;

/// How much a new round trip counts against those before it, as in `MongoDB`'s drivers.
const WEIGHT: f64 = 0.2;

/// One server and what was last seen of it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: Arc<str>,
    pub(super) role: Role,
    /// It said, or showed by refusing a write, that it is no primary any more.
    pub(super) stepped_down: bool,
    /// The exponentially weighted average of its round trips.
    pub(super) round_trip: Option<Duration>,
    banned_until: Option<Instant>,
    /// Reads under way, each counted by its own guard.
    pub(super) in_flight: Arc<AtomicUsize>,
}

impl Endpoint {
    pub(super) fn new(address: Arc<str>) -> Self {
        Self {
            address,
            role: Role::Unknown,
            stepped_down: false,
            round_trip: None,
            banned_until: None,
            in_flight: Arc::default(),
        }
    }

    pub(super) fn answered_in(&mut self, round_trip: Duration) {
        self.round_trip = Some(match self.round_trip {
            Some(before) => before.mul_f64(1.0 - WEIGHT) + round_trip.mul_f64(WEIGHT),
            None => round_trip,
        });
    }

    pub(super) fn ban(&mut self, until: Instant) {
        self.banned_until = Some(until);
    }

    pub(super) fn unban(&mut self) {
        self.banned_until = None;
    }

    pub(super) fn is_banned(&self, now: Instant) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }
}
