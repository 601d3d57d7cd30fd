//! What is known of one server.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::time::Instant;

use super::Role;

/// How much a new round trip counts against those before it, as in `MongoDB`'s drivers.
const WEIGHT: f64 = 0.2;

/// Of so many first round trips the shortest counts: the first may be slow, which an average would be long in forgetting.
const ENOUGH: u8 = 4;

/// One server and what was last seen of it.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) address: Arc<str>,
    pub(super) role: Role,
    /// It said, or showed by refusing a write, that it is no primary any more.
    pub(super) stepped_down: bool,
    /// The shortest of its first round trips; from then on the exponentially weighted average.
    pub(super) round_trip: Option<Duration>,
    /// How many round trips there were, up to [`ENOUGH`].
    samples: u8,
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
            samples: 0,
            banned_until: None,
            in_flight: Arc::default(),
        }
    }

    /// Takes in a round trip; one of zero was not measured.
    pub(super) fn answered_in(&mut self, round_trip: Duration) {
        if round_trip.is_zero() {
            return;
        }
        self.round_trip = Some(match self.round_trip {
            Some(before) if self.samples < ENOUGH => before.min(round_trip),
            Some(before) => before.mul_f64(1.0 - WEIGHT) + round_trip.mul_f64(WEIGHT),
            None => round_trip,
        });
        self.samples = ENOUGH.min(self.samples + 1);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_start_is_forgotten_and_a_slow_answer_later_counts_a_fifth() {
        let millis = Duration::from_millis;
        let mut endpoint = Endpoint::new("a:1".into());
        endpoint.answered_in(Duration::ZERO);
        assert_eq!(endpoint.round_trip, None, "not measured");
        for (took, known) in [(50, 50), (10, 10), (60, 10), (20, 10), (60, 20)] {
            endpoint.answered_in(millis(took));
            let off = endpoint.round_trip.unwrap().abs_diff(millis(known));
            assert!(off < millis(1), "{took}: {endpoint:?}");
        }
    }
}
