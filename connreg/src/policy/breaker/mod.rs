//! The circuit breaker: while a server is known to be down, work fails at once instead of waiting for it.
//!
//! [`machine`] has the rules, [`core`] makes them safe to share, and this file gives them names, errors and a clock
//! that only goes forward.

mod core;
mod machine;
#[cfg(test)]
mod model;
mod sync;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use self::core::{Admission, Core};
pub(crate) use machine::Change;
use machine::Rejection;
use sync::Standard;

use super::{CircuitBreakerSettings, Fault};
use crate::error::{ConnectError, Error, ErrorKind, Sent};
use crate::event::BreakerState;

/// Fails work at once while its server is known to be down. Clones share one state.
///
/// `failure_threshold` failures within `failure_window` open it; after `recovery_timeout` it lets one piece of work
/// through at a time, and `success_threshold` successes close it. A [`Permit`] that is dropped without an outcome
/// counts as neither, and one that does not end within `recovery_timeout` keeps nobody out.
///
/// # Examples
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), connreg::Error> {
/// use connreg::policy::circuit_breaker;
/// use connreg::{BreakerState, CircuitBreakerSettings};
///
/// let breaker = circuit_breaker("billing", CircuitBreakerSettings::default());
/// let invoice = breaker.run(|| async { Ok::<_, connreg::Error>(42) }).await?;
/// assert_eq!((invoice, breaker.state()), (42, BreakerState::Closed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CircuitBreaker(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    settings: CircuitBreakerSettings,
    core: Core<Standard>,
    last: Mutex<Option<Failure>>,
}

/// The failure that was counted last.
#[derive(Clone)]
struct Failure {
    kind: ErrorKind,
    cause: Option<Error>,
}

impl CircuitBreaker {
    /// A closed breaker, called `name` in errors.
    pub fn new(name: impl Into<Arc<str>>, settings: CircuitBreakerSettings) -> Self {
        Self(Arc::new(Inner {
            name: name.into(),
            core: Core::new(settings.clone()),
            settings,
            last: Mutex::default(),
        }))
    }

    /// Its name, as errors tell it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it lets work through. An open one stays so until somebody asks after `recovery_timeout`.
    pub fn state(&self) -> BreakerState {
        self.0.core.state()
    }

    /// Leave to do one piece of work, whose outcome is to be told to the permit.
    ///
    /// # Errors
    ///
    /// It is open, or half-open with another one under way. The error has the kind and the cause of the last
    /// failure that was counted.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, Error> {
        self.admit().map(|(permit, _)| permit)
    }

    #[inline]
    pub(crate) fn admit(&self) -> Result<(Permit<'_>, Option<Change>), Error> {
        match self.0.core.acquire(Instant::now) {
            Ok((admission, change)) => {
                let permit = Permit {
                    breaker: self,
                    admission,
                };
                Ok((permit, change))
            }
            Err(rejection) => Err(self.rejected(rejection)),
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Failure>> {
        // Nothing panics while it is held.
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    fn rejected(&self, rejection: Rejection) -> Error {
        let last = self.last().clone();
        let kind = last
            .as_ref()
            .map_or(ErrorKind::Overloaded, |last| last.kind);
        let s = &self.0.settings;
        let until = match rejection.retry_after {
            // Whole milliseconds: nobody reads nanoseconds.
            Some(delay) => {
                let delay = std::time::Duration::from_millis(
                    u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                );
                format!("for another {}", humantime::format_duration(delay))
            }
            None => "until the one call that was let through is done".to_owned(),
        };
        let message = format!(
            "not tried: {} failures within {} opened the circuit breaker, {until}",
            s.failure_threshold,
            humantime::format_duration(s.failure_window),
        );
        let mut error = ConnectError::new(kind, message)
            .with_transient(true)
            .with_sent(Sent::No);
        if let Some(delay) = rejection.retry_after {
            error = error.with_retry_after(delay);
        }
        if let Some(cause) = last.and_then(|last| last.cause) {
            error = error.with_source(cause);
        }
        error.for_connection(Arc::clone(&self.0.name), "run")
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CircuitBreaker({}: {})", self.0.name, self.state())
    }
}

/// Leave to do one piece of work; dropped without an outcome it counts as neither success nor failure.
#[derive(Debug)]
#[must_use = "dropped at once, it counts for nothing"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    admission: Admission<'a, Standard>,
}

impl Permit<'_> {
    /// The server answered as it should, or said no for a good reason.
    #[inline]
    pub fn success(self) {
        self.succeeded();
    }

    /// The work failed: counted if the server is to blame, else taken as its answer.
    pub fn failure(self, fault: Fault) {
        self.failed(fault, None);
    }

    #[inline]
    pub(crate) fn succeeded(self) -> Option<Change> {
        self.admission.succeeded()
    }

    #[cold]
    pub(crate) fn failed(self, fault: Fault, cause: Option<&Error>) -> Option<Change> {
        if !self.breaker.0.settings.enabled || fault.kind() == ErrorKind::Closed {
            // Ended by this program: tells nothing of the server.
            return None;
        }
        if !fault.is_failure() {
            return self.admission.succeeded();
        }
        let cause = cause.map(Error::root);
        let shared = {
            let mut last = self.breaker.last();
            let known = last.as_ref().and_then(|last| last.cause.as_ref());
            let shared = matches!((known, cause), (Some(known), Some(cause)) if known.is(cause));
            *last = Some(Failure {
                kind: fault.kind(),
                cause: cause.cloned(),
            });
            shared
        };
        // A thousand who waited for one attempt to connect saw one failure, and so did those told of it afterwards.
        if shared && !self.admission.is_probe() {
            return None;
        }
        self.admission.failed(Instant::now())
    }
}
