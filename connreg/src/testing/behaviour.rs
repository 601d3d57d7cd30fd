//! What a call does that passes through [`Faults`](super::Faults).

use std::fmt;
use std::time::Duration;

use crate::error::{ConnectError, ErrorKind, Sent};

/// The calls that faults can be injected into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// Opening a client.
    Open,
    /// Asking whether the server is there.
    Check,
    /// The work given to `run`, `run_idempotent` and `run_with`, each attempt.
    Run,
    /// Closing a client.
    Close,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 4] = [Self::Open, Self::Check, Self::Run, Self::Close];
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "open",
            Self::Check => "check",
            Self::Run => "run",
            Self::Close => "close",
        })
    }
}

/// What a call does instead of its work, or before or after it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use connreg::ErrorKind;
/// use connreg::testing::Behaviour;
///
/// let slow = Behaviour::work().latency(Duration::from_millis(200)).jitter(Duration::from_millis(50));
/// let flaky = Behaviour::fail(ErrorKind::Overloaded).rate(0.1);
/// let busy = Behaviour::fail(ErrorKind::Overloaded).retry_after(Duration::from_secs(2));
/// # let _ = (slow, flaky, busy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Behaviour {
    outcome: Outcome,
    rate: f64,
    latency: Duration,
    jitter: Duration,
    sent: Option<Sent>,
    retry_after: Option<Duration>,
}

/// What comes after the latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Work,
    Wait,
    Fail(ErrorKind),
    LoseAnswer,
    Hang,
    Panic,
}

impl Behaviour {
    const fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            rate: 1.0,
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            sent: None,
            retry_after: None,
        }
    }

    /// The call does its work.
    pub const fn work() -> Self {
        Self::of(Outcome::Work)
    }

    /// The call does its work once [`release`](super::Faults::release) or [`clear`](super::Faults::clear) lets it,
    /// as with a server that is frozen and goes on.
    pub const fn wait() -> Self {
        Self::of(Outcome::Wait)
    }

    /// The call fails with an error of `kind` and its work is not begun.
    pub const fn fail(kind: ErrorKind) -> Self {
        Self::of(Outcome::Fail(kind))
    }

    /// As with a server that is not running: [`fail`](Self::fail) with [`ErrorKind::Refused`].
    pub const fn refuse() -> Self {
        Self::fail(ErrorKind::Refused)
    }

    /// As with a wrong password: [`fail`](Self::fail) with [`ErrorKind::Authentication`].
    pub const fn reject() -> Self {
        Self::fail(ErrorKind::Authentication)
    }

    /// The work is done, and then the connection ends before the answer: the call fails with [`ErrorKind::Refused`], and
    /// the error says that the request was sent. This shows whether work that is tried again does harm.
    pub const fn lose_answer() -> Self {
        Self::of(Outcome::LoseAnswer)
    }

    /// The call never ends: only a deadline does it any good.
    pub const fn hang() -> Self {
        Self::of(Outcome::Hang)
    }

    /// The call panics, as with a bug in a back end.
    pub const fn panic() -> Self {
        Self::of(Outcome::Panic)
    }

    /// Every call takes so long before it does anything.
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Every call takes longer than its latency by a random part of `jitter`.
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// So many of the calls, at random, do this, from 0 to 1; the others work. Latency is for all of them.
    ///
    /// # Panics
    ///
    /// `rate` is not from 0 to 1.
    pub const fn rate(mut self, rate: f64) -> Self {
        assert!(rate >= 0.0 && rate <= 1.0, "a rate is from 0 to 1");
        self.rate = rate;
        self
    }

    /// What the error says of the request: without this [`Sent::No`], and [`Sent::Yes`] where the answer is lost.
    pub const fn sent(mut self, sent: Sent) -> Self {
        self.sent = Some(sent);
        self
    }

    /// The error says that the server wants to be asked again after `delay`.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// How long this call takes before anything else, and what comes then.
    pub(super) fn draw(&self, random: &mut fastrand::Rng) -> (Duration, Outcome) {
        let latency = self.latency + self.jitter.mul_f64(random.f64());
        // Drawn in any case, so that one call's rate doesn't change what the next ones draw.
        let outcome = if random.f64() < self.rate {
            self.outcome
        } else {
            Outcome::Work
        };
        (latency, outcome)
    }

    /// The error of `call`, if it fails of `kind`.
    pub(super) fn error(&self, call: Call, kind: ErrorKind, sent: Sent) -> ConnectError {
        let message = match sent {
            Sent::Yes => format!("injected fault: the answer to `{call}` was lost"),
            _ => format!("injected fault: `{call}` failed"),
        };
        let error = ConnectError::new(kind, message).with_sent(self.sent.unwrap_or(sent));
        match self.retry_after {
            Some(delay) => error.with_retry_after(delay),
            None => error,
        }
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::work()
    }
}
