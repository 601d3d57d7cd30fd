//! Functions of the user's own under retry and circuit breaker, read from the function's side.

use std::future::Future;

use super::{CircuitBreaker, Classifier, Classify, Guarded, Retry, RetrySettings, retry};
use crate::error::Error;

/// What a function of one's own can be [guarded by](Retryable::guarded_by): a [`Retry`], a [`CircuitBreaker`] or both.
pub trait Guard<E> {
    /// Calls `operation` as the guard says; the `run` of each of them.
    ///
    /// # Errors
    ///
    /// The last attempt's; or that the circuit breaker is open.
    fn guard<F, Fut, V>(&self, operation: F) -> impl Future<Output = Result<V, E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<V, E>>;
}

impl<E, C: Classifier<E>> Guard<E> for Retry<C> {
    fn guard<F, Fut, V>(&self, operation: F) -> impl Future<Output = Result<V, E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        self.run(operation)
    }
}

impl<E: Classify + From<Error>> Guard<E> for CircuitBreaker {
    fn guard<F, Fut, V>(&self, operation: F) -> impl Future<Output = Result<V, E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        self.run(operation)
    }
}

impl<E: From<Error>, C: Classifier<E>> Guard<E> for Guarded<C> {
    fn guard<F, Fut, V>(&self, operation: F) -> impl Future<Output = Result<V, E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<V, E>>,
    {
        self.run(operation)
    }
}

/// Any function without arguments that gives a future of a `Result`: a closure around the call, in most cases.
///
/// # Examples
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), connreg::Error> {
/// use connreg::RetrySettings;
/// use connreg::policy::{Retryable as _, circuit_breaker, retry};
///
/// async fn price(item: u32) -> Result<u32, connreg::Error> {
///     Ok(item * 100)
/// }
///
/// let once = (|| price(7)).retry(RetrySettings::default()).await?;
/// // A guard that is kept: its budget and its breaker know of every call.
/// let billing = retry(RetrySettings::default())
///     .circuit_breaker(circuit_breaker("billing", Default::default()));
/// let again = (|| price(7)).guarded_by(&billing).await?;
/// assert_eq!((once, again), (700, 700));
/// # Ok(())
/// # }
/// ```
pub trait Retryable<Fut, V, E>: FnMut() -> Fut + Sized
where
    Fut: Future<Output = Result<V, E>>,
{
    /// Calls it until it succeeds, its failure is not worth another attempt, or the attempts are used up.
    ///
    /// # Errors
    ///
    /// The last attempt's.
    fn retry(self, settings: RetrySettings) -> impl Future<Output = Result<V, E>>
    where
        E: Classify,
    {
        async { retry(settings).run(self).await }
    }

    /// Calls it as `guard` says.
    ///
    /// # Errors
    ///
    /// The last attempt's; or that the circuit breaker is open.
    fn guarded_by(self, guard: &impl Guard<E>) -> impl Future<Output = Result<V, E>> {
        guard.guard(self)
    }
}

impl<F, Fut, V, E> Retryable<Fut, V, E> for F
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<V, E>>,
{
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::error::{ConnectError, ErrorKind};
    use crate::event::BreakerState;
    use crate::policy::{CircuitBreakerSettings, circuit_breaker};

    fn refused() -> Error {
        ConnectError::new(ErrorKind::Refused, "scripted").for_connection("own", "call")
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_is_tried_again() {
        let calls = AtomicU32::new(0);
        let call = async || match calls.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(refused()),
            call => Ok(call),
        };
        assert_eq!(call.retry(RetrySettings::default()).await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn each_guard_guards() {
        let settings = CircuitBreakerSettings {
            failure_threshold: 4,
            ..CircuitBreakerSettings::default()
        };
        let breaker = circuit_breaker("own", settings);
        let patient = retry(RetrySettings::default());
        let calls = AtomicU32::new(0);
        let call = async || {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(refused())
        };
        call.guarded_by(&breaker).await.unwrap_err();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        call.guarded_by(&patient).await.unwrap_err();
        assert_eq!(calls.load(Ordering::Relaxed), 4);
        let both = patient.circuit_breaker(breaker.clone());
        call.guarded_by(&both).await.unwrap_err();
        assert_eq!(calls.load(Ordering::Relaxed), 7);
        assert_eq!(breaker.state(), BreakerState::Open);
        call.guarded_by(&both).await.unwrap_err();
        assert_eq!(calls.into_inner(), 7);
    }

    #[test]
    fn its_future_can_be_sent_to_another_thread() {
        fn sent(_: impl Send) {}
        let call = async || Ok::<_, Error>(());
        let breaker = circuit_breaker("own", CircuitBreakerSettings::default());
        sent(call.retry(RetrySettings::default()));
        sent(call.guarded_by(&breaker));
    }
}
