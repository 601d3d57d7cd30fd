//! Retry and circuit breaker around a function of the user's own, without a connection.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::budget::RetryBudget;
use super::pace::Pace;
use super::{
    ByType, CircuitBreaker, CircuitBreakerSettings, Classifier, Classify, Fault, RetrySettings,
};
use crate::error::Error;

/// Tries a function again after transient failures, as `settings` say. Clones share one budget of retries.
///
/// # Examples
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), connreg::ConnectError> {
/// use connreg::policy::retry;
/// use connreg::{ConnectError, ErrorKind, RetrySettings};
///
/// let patient = retry(RetrySettings { max_attempts: 5, ..RetrySettings::default() });
/// let mut attempts = 0;
/// let answer = patient
///     .run(|| {
///         attempts += 1;
///         let refused = attempts < 3;
///         async move {
///             if refused {
///                 return Err(ConnectError::new(ErrorKind::Refused, "not yet"));
///             }
///             Ok(42)
///         }
///     })
///     .await?;
/// assert_eq!((answer, attempts), (42, 3));
/// # Ok(())
/// # }
/// ```
pub fn retry(settings: RetrySettings) -> Retry {
    Retry {
        settings,
        deadline: None,
        load: Arc::default(),
        classifier: ByType,
    }
}

/// A closed circuit breaker, called `name` in errors.
pub fn circuit_breaker(
    name: impl Into<Arc<str>>,
    settings: CircuitBreakerSettings,
) -> CircuitBreaker {
    CircuitBreaker::new(name, settings)
}

/// Tries a function again after transient failures. Made by [`retry`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Retry<C = ByType> {
    settings: RetrySettings,
    deadline: Option<Duration>,
    load: Arc<Load>,
    classifier: C,
}

/// What is under way, for the budget.
#[derive(Debug, Default)]
struct Load {
    executing: AtomicUsize,
    budget: RetryBudget,
}

impl Load {
    fn begin(&self) -> Executing<'_> {
        self.executing.fetch_add(1, Ordering::AcqRel);
        Executing(self)
    }
}

struct Executing<'a>(&'a Load);

impl Executing<'_> {
    fn count(&self) -> usize {
        self.0.executing.load(Ordering::Acquire)
    }
}

impl Drop for Executing<'_> {
    fn drop(&mut self) {
        self.0.executing.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<C> Retry<C> {
    /// No attempt begins later than this after the first one; one that has begun is not cut off.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// What is to be known of an error, in place of its [`Classify`]: a predicate of your own.
    pub fn classify<E, F: Fn(&E) -> Fault>(self, classifier: F) -> Retry<F> {
        Retry {
            settings: self.settings,
            deadline: self.deadline,
            load: self.load,
            classifier,
        }
    }

    /// Each attempt also asks `breaker`, and tells it how it went.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), connreg::Error> {
    /// use connreg::policy::{circuit_breaker, retry};
    /// use connreg::{CircuitBreakerSettings, RetrySettings};
    ///
    /// let billing = retry(RetrySettings::default())
    ///     .circuit_breaker(circuit_breaker("billing", CircuitBreakerSettings::default()));
    /// let answer = billing.run(|| async { Ok::<_, connreg::Error>(42) }).await?;
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn circuit_breaker(self, breaker: CircuitBreaker) -> Guarded<C> {
        Guarded {
            retry: self,
            breaker,
        }
    }

    /// Calls `operation` until it succeeds, its failure is not worth another attempt, or the attempts are used up.
    ///
    /// # Errors
    ///
    /// The last attempt's.
    pub async fn run<F, Fut, V, E>(&self, mut operation: F) -> Result<V, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        C: Classifier<E>,
    {
        let mut attempts = self.attempts();
        loop {
            let error = match operation().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !attempts.again(self.classifier.classify(&error)).await {
                return Err(error);
            }
        }
    }

    fn attempts(&self) -> Attempts<'_> {
        let deadline = self.deadline.map(|limit| Instant::now() + limit);
        Attempts {
            executing: self.load.begin(),
            pace: Pace::new(&self.settings, &self.load.budget, deadline),
        }
    }
}

/// The attempts of one call.
struct Attempts<'a> {
    executing: Executing<'a>,
    pace: Pace<'a>,
}

impl Attempts<'_> {
    /// Waits for the next attempt after one that failed with `fault`. `false`: there is none, the error stands.
    async fn again(&mut self, fault: Fault) -> bool {
        if !fault.is_transient() {
            return false;
        }
        let delay = self.pace.after(fault, self.executing.count());
        if let Some(delay) = delay {
            sleep(delay).await;
        }
        delay.is_some()
    }
}

impl CircuitBreaker {
    /// Calls `operation` unless the breaker is open, and counts how it went.
    ///
    /// # Errors
    ///
    /// The operation's; or that the breaker is open.
    pub async fn run<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        let permit = self.acquire()?;
        let result = operation().await;
        match &result {
            Ok(_) => permit.success(),
            Err(error) => drop(permit.failed(error.fault(), error.cause())),
        }
        result
    }
}

/// Retry and circuit breaker, both. Made by [`Retry::circuit_breaker`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Guarded<C = ByType> {
    retry: Retry<C>,
    breaker: CircuitBreaker,
}

impl<C> Guarded<C> {
    /// As [`Retry::run`]; while the breaker is open, nothing is called.
    ///
    /// # Errors
    ///
    /// The last attempt's; or that the breaker is open, if it was so before the first.
    pub async fn run<F, Fut, V, E>(&self, mut operation: F) -> Result<V, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        C: Classifier<E>,
        E: From<Error>,
    {
        let mut attempts = self.retry.attempts();
        let classifier = &self.retry.classifier;
        let mut last = None;
        loop {
            let permit = match self.breaker.acquire() {
                Ok(permit) => permit,
                // The failure that opened it tells more.
                Err(open) => return Err(last.unwrap_or_else(|| open.into())),
            };
            let error = match operation().await {
                Ok(value) => {
                    permit.success();
                    return Ok(value);
                }
                Err(error) => error,
            };
            let fault = classifier.classify(&error);
            permit.failed(fault, classifier.cause(&error));
            if !attempts.again(fault).await {
                return Err(error);
            }
            last = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::error::{ConnectError, ErrorKind};
    use crate::event::BreakerState;

    fn refused() -> Error {
        ConnectError::new(ErrorKind::Refused, "scripted").for_connection("own", "call")
    }

    #[tokio::test(start_paused = true)]
    async fn any_classified_error_is_tried_again() {
        let calls = AtomicU32::new(0);
        let answer = retry(RetrySettings::default())
            .run(async || match calls.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                call => Ok(call),
            })
            .await;
        assert_eq!(answer.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_predicate_decides_for_any_type_of_error() {
        let calls = AtomicU32::new(0);
        let fickle = retry(RetrySettings::default()).classify(|error: &String| {
            if error == "again" {
                Fault::transient()
            } else {
                Fault::permanent()
            }
        });
        let answer = fickle
            .run(async || match calls.fetch_add(1, Ordering::Relaxed) {
                0 => Err::<(), _>("again".to_owned()),
                _ => Err("enough".to_owned()),
            })
            .await;
        assert_eq!(answer.unwrap_err(), "enough");
        assert_eq!(calls.into_inner(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_begins_past_the_deadline() {
        let started = Instant::now();
        let settings = RetrySettings {
            max_attempts: 100,
            ..RetrySettings::default()
        };
        let limit = Duration::from_secs(3);
        let failed = retry(settings)
            .deadline(limit)
            .run(async || Err::<(), _>(refused()))
            .await;
        assert!(failed.is_err());
        assert!(started.elapsed() <= limit);
    }

    #[tokio::test(start_paused = true)]
    async fn the_failure_that_opened_the_breaker_is_what_the_caller_gets() {
        let settings = CircuitBreakerSettings {
            failure_threshold: 2,
            ..CircuitBreakerSettings::default()
        };
        let breaker = circuit_breaker("own", settings);
        let guarded = retry(RetrySettings::default()).circuit_breaker(breaker.clone());
        let calls = AtomicU32::new(0);
        let call = async || {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(refused())
        };
        let error = guarded.run(call).await.unwrap_err();
        assert!(error.to_string().contains("scripted"), "{error}");
        assert_eq!(breaker.state(), BreakerState::Open);
        let error = guarded.run(call).await.unwrap_err();
        assert!(error.to_string().contains("circuit breaker"), "{error}");
        assert_eq!(calls.into_inner(), 2);
    }
}
