//! Delays that double up to a cap, each spread over its whole length at random.

use std::time::Duration;

/// Grows from `base` to `cap`, twice as long each time; what it gives is a random part of that ("full jitter"),
/// so that many who failed together don't come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempts: u32,
}

impl Backoff {
    /// The delays of reconnecting: 100 ms, doubled, 30 s at the most.
    pub const RECONNECT: Self = Self::new(Duration::from_millis(100), Duration::from_secs(30));

    /// From `base` to `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            attempts: 0,
        }
    }

    /// How many delays it has given.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The longest that the next delay can be.
    pub fn ceiling(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// The next delay: anything from nothing to [`ceiling`](Self::ceiling), which then doubles.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.ceiling().mul_f64(fastrand::f64());
        self.attempts = self.attempts.saturating_add(1);
        delay
    }

    /// Begins again: it worked.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_are_spread_over_their_length() {
        let mut backoff = Backoff::RECONNECT;
        let mut longest = Duration::ZERO;
        for attempt in 0..40 {
            let ceiling = backoff.ceiling();
            let expected = 100_u64.saturating_mul(1 << attempt.min(20)).min(30_000);
            assert_eq!(ceiling, Duration::from_millis(expected));
            let delay = backoff.next_delay();
            assert!(delay <= ceiling, "{delay:?} after {attempt} attempts");
            longest = longest.max(delay);
        }
        assert!(
            longest > Duration::from_secs(3),
            "never far from nothing: {longest:?}"
        );
        backoff.reset();
        assert_eq!(backoff.ceiling(), Duration::from_millis(100));
    }
}
