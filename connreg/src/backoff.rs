//! Delays that double up to a cap, each spread over its whole length at random.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::ErrorKind;

/// How often, and for how long, a server in the wrong role is asked whether it has changed (the AWS wrapper's figures).
pub(crate) const ROLE_PAUSE: Duration = Duration::from_millis(100);
const ROLE_WATCH: Duration = Duration::from_secs(30);

/// The pauses of one outage: from `base` to `cap`, twice as long each time, and never longer than half of what the
/// outage has lasted; what it gives is a random part of that ("full jitter"), so that many who failed together don't
/// come back together.
///
/// A server that was down for a second is so found within half a second of its return, and one that was down for an
/// hour within half a minute.
///
/// # Examples
///
/// ```
/// use connreg::Backoff;
///
/// let mut pauses = Backoff::RECONNECT;
/// assert!(pauses.next_delay().as_millis() <= 100);
/// assert_eq!(pauses.attempts(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempts: u32,
    /// When the first delay was asked for.
    since: Option<Instant>,
    /// When the server was first found in the wrong role.
    wrong_role_since: Option<Instant>,
}

impl Backoff {
    /// The delays of reconnecting: 100 ms, doubled, 30 s at the most.
    pub const RECONNECT: Self = Self::new(Duration::from_millis(100), Duration::from_secs(30));

    /// How long a credential that the server refused is not tried again.
    pub const CREDENTIAL_PAUSE: Duration = Duration::from_secs(15);

    /// How often a credential that the server refuses is tried in all, so that no account gets locked.
    pub const CREDENTIAL_TRIES: u32 = 3;

    /// From `base` to `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            attempts: 0,
            since: None,
            wrong_role_since: None,
        }
    }

    /// How many delays it has given.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The longest that the next delay can be.
    pub fn ceiling(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        let age = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.base
            .saturating_mul(factor)
            .min(self.base.max(age / 2))
            .min(self.cap)
    }

    /// The next delay: anything from nothing to [`ceiling`](Self::ceiling).
    pub fn next_delay(&mut self) -> Duration {
        self.since.get_or_insert_with(Instant::now);
        let delay = self.ceiling().mul_f64(fastrand::f64());
        self.attempts = self.attempts.saturating_add(1);
        delay
    }

    /// The next delay after a failure of `kind`; not before the server wants to be asked again, if it said when.
    ///
    /// A server in the wrong role changes it within seconds or not at all: it is asked every 100 ms for 30 s.
    pub fn delay_after(&mut self, kind: ErrorKind, asked: Option<Duration>) -> Duration {
        let mut delay = self.next_delay();
        if kind == ErrorKind::Role {
            let since = *self.wrong_role_since.get_or_insert_with(Instant::now);
            if since.elapsed() < ROLE_WATCH {
                delay = ROLE_PAUSE;
            }
        }
        delay.max(asked.unwrap_or_default())
    }

    /// Begins again: it worked.
    pub fn reset(&mut self) {
        *self = Self::new(self.base, self.cap);
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::RECONNECT
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep};

    use super::*;

    const OUTAGES: u32 = 400;

    #[tokio::test(start_paused = true)]
    async fn delays_double_up_to_the_cap_and_are_spread_over_their_length() {
        let mut backoff = Backoff::RECONNECT;
        backoff.since = Some(Instant::now());
        advance(Duration::from_hours(1)).await;
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

    /// How long after its return a server is found that was down for `outage`, each delay followed by an attempt.
    async fn found_after(outage: Duration) -> (Duration, u32) {
        let down = Instant::now();
        let mut backoff = Backoff::RECONNECT;
        while down.elapsed() < outage {
            sleep(backoff.next_delay()).await;
        }
        (down.elapsed().saturating_sub(outage), backoff.attempts())
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_an_outage_is_found_within_half_its_length() {
        for outage in [1, 10, 60, 600].map(Duration::from_secs) {
            let mut late = Vec::new();
            let mut most = 0;
            for _ in 0..OUTAGES {
                let (after, attempts) = found_after(outage).await;
                late.push(after);
                most = most.max(attempts);
            }
            late.sort();
            let (middle, last) = (late[late.len() / 2], late[late.len() - 1]);
            let bound = Duration::from_secs(30).min(outage / 2);
            assert!(last <= bound, "{outage:?}: {last:?}");
            assert!(middle <= bound / 2, "{outage:?}: {middle:?}");
            assert!(most < 200, "{most} attempts in {outage:?} are a storm");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_role_is_looked_at_every_100_ms_for_30_s() {
        let mut backoff = Backoff::RECONNECT;
        let started = Instant::now();
        for _ in 0..10 {
            backoff.delay_after(ErrorKind::Refused, None);
        }
        while started.elapsed() < ROLE_WATCH {
            let delay = backoff.delay_after(ErrorKind::Role, None);
            assert_eq!(delay, ROLE_PAUSE);
            sleep(delay).await;
        }
        assert!(backoff.ceiling() > Duration::from_secs(10), "{backoff:?}");
        let asked = Duration::from_mins(2);
        assert_eq!(backoff.delay_after(ErrorKind::Role, Some(asked)), asked);
    }
}
