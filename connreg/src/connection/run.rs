//! Running work on a connection: deadline, bulkhead, circuit breaker and retry around it, metrics and a span about it.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use super::capability::{CapabilityClient, CapabilityConnection};
use super::provides::Provides;
use super::untyped::Core;
use super::{Client, Connection};
use crate::backend::Backend;
use crate::error::{ConnectError, Error, ErrorKind, Sent};
use crate::event::EventKind;
use crate::observe::Rejected;
use crate::policy::{
    CallPolicy, Change, Classifier, Classify, Deadline, Fault, Pace, Repeat, Resilience,
};
#[cfg(feature = "testing")]
use crate::testing::{Call, around};

impl<T: Backend> Connection<T> {
    /// Runs `operation` with the open client, under the connection's policy.
    ///
    /// It ends within `operation_timeout`; while the circuit breaker is open it fails at once; it counts as work in
    /// flight, which [`close`](crate::Connections::close) waits for; and it is measured and traced. The operation is
    /// never called twice; only opening the connection is tried again. Dropping the future leaks nothing.
    ///
    /// The operation's error is any type that says what is to be known of it ([`Classify`]) and can hold
    /// this library's own, as [`Error`] itself does.
    ///
    /// # Errors
    ///
    /// The operation's. Else: it took too long, the circuit breaker is open, too much was under way, the connection
    /// could not be opened or is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use connreg::{Backend, ConnectError, Connections, Context, connection};
    /// # /// Answers.
    /// # #[connection(type = "oracle_of_run", category = "example")]
    /// # struct Oracle {}
    /// # struct OracleClient;
    /// # impl OracleClient {
    /// #     async fn ask(&self, _: &str) -> Result<u32, connreg::Error> { Ok(42) }
    /// # }
    /// # impl Backend for Oracle {
    /// #     type Client = OracleClient;
    /// #     async fn connect(&self, _: &Context) -> Result<OracleClient, ConnectError> { Ok(OracleClient) }
    /// #     async fn check(_: &OracleClient) -> Result<(), ConnectError> { Ok(()) }
    /// # }
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), connreg::Error> {
    /// # let connections = Connections::builder().set("oracle.type", "oracle_of_run").load().await?;
    /// let oracle = connections.get::<Oracle>("oracle")?;
    /// let answer = oracle.run(|client| async move { client.ask("why?").await }).await?;
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnOnce(Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        run(self, &PLAIN, once(operation)).await
    }

    /// As [`run`](Self::run), for work that does no harm when it is done twice: transient failures are tried again.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); the last attempt's, where there were several.
    pub async fn run_idempotent<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnMut(Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        run(self, &IDEMPOTENT, operation).await
    }

    /// As [`run`](Self::run), with what `call` says in place of what the connection's policy says.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); the last attempt's, where there were several.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use connreg::{Backend, ConnectError, Connections, Context, connection};
    /// # /// Answers.
    /// # #[connection(type = "oracle_of_run_with", category = "example")]
    /// # struct Oracle {}
    /// # struct OracleClient;
    /// # impl OracleClient {
    /// #     async fn ask(&self, _: &str) -> Result<u32, connreg::Error> { Ok(42) }
    /// # }
    /// # impl Backend for Oracle {
    /// #     type Client = OracleClient;
    /// #     async fn connect(&self, _: &Context) -> Result<OracleClient, ConnectError> { Ok(OracleClient) }
    /// #     async fn check(_: &OracleClient) -> Result<(), ConnectError> { Ok(()) }
    /// # }
    /// # async fn example(oracle: connreg::Connection<Oracle>) -> Result<(), connreg::Error> {
    /// use std::time::Duration;
    /// use connreg::policy::CallPolicy;
    ///
    /// let quick = CallPolicy::new().deadline(Duration::from_millis(200)).idempotent();
    /// let answer = oracle
    ///     .run_with(&quick, |client| async move { client.ask("why?").await })
    ///     .await?;
    /// # let _ = answer;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_with<C, F, Fut, V, E>(
        &self,
        call: &CallPolicy<C>,
        operation: F,
    ) -> Result<V, E>
    where
        C: Classifier<E>,
        F: FnMut(Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        run(self, call, operation).await
    }
}

impl<C: ?Sized + Send + Sync> CapabilityConnection<C> {
    /// As [`Connection::run`].
    ///
    /// # Errors
    ///
    /// As [`Connection::run`].
    pub async fn run<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnOnce(CapabilityClient<C>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        run(self, &PLAIN, once(operation)).await
    }

    /// As [`Connection::run_idempotent`].
    ///
    /// # Errors
    ///
    /// As [`Connection::run_idempotent`].
    pub async fn run_idempotent<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnMut(CapabilityClient<C>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        run(self, &IDEMPOTENT, operation).await
    }

    /// As [`Connection::run_with`].
    ///
    /// # Errors
    ///
    /// As [`Connection::run_with`].
    pub async fn run_with<P, F, Fut, V, E>(
        &self,
        call: &CallPolicy<P>,
        operation: F,
    ) -> Result<V, E>
    where
        P: Classifier<E>,
        F: FnMut(CapabilityClient<C>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        run(self, call, operation).await
    }
}

static PLAIN: CallPolicy = CallPolicy::new();
static IDEMPOTENT: CallPolicy = CallPolicy::new().idempotent();

/// An operation that [`PLAIN`] calls at most once.
fn once<A, R>(operation: impl FnOnce(A) -> R) -> impl FnMut(A) -> R {
    let mut operation = Some(operation);
    move |client| match operation.take() {
        Some(operation) => operation(client),
        None => unreachable!("work that has begun is not tried again"),
    }
}

/// An attempt that failed.
struct Failed<E> {
    error: E,
    fault: Fault,
    at: Step,
}

impl<E: From<Error>> Failed<E> {
    #[cold]
    fn of(error: Error, at: Step) -> Self {
        Self {
            fault: error.fault(),
            error: error.into(),
            at,
        }
    }
}

/// How far an attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Rejected(Rejected),
    /// Known to be down: nothing was tried.
    Down,
    Open,
    Work,
}

async fn run<S, C, F, Fut, V, E>(source: &S, call: &CallPolicy<C>, mut operation: F) -> Result<V, E>
where
    S: Provides,
    C: Classifier<E>,
    F: FnMut(S::Client) -> Fut,
    Fut: Future<Output = Result<V, E>>,
    E: From<Error>,
{
    let core = source.core();
    let _in_flight = core.begin()?;
    let resilience = core.resilience();
    let operations = core.operations();
    let span = operations.span(call.operation);
    let started = Instant::now();
    let limit = match call.deadline {
        Deadline::OfConnection => resilience.operation_timeout,
        Deadline::After(limit) => Some(limit),
        Deadline::Never => None,
    };
    let mut attempt = Attempt {
        source,
        core,
        resilience: &resilience,
        call,
        limit,
        deadline: limit.map(|limit| started + limit),
    };
    let result = attempt.all(&mut operation).instrument(span.clone()).await;
    let took = started.elapsed();
    match result {
        Ok(value) => {
            operations.succeeded(took);
            Ok(value)
        }
        Err(failed) => {
            if let Step::Rejected(by) = failed.at {
                operations.rejected(by);
            }
            operations.failed(took, failed.fault.kind(), &span);
            Err(failed.error)
        }
    }
}

/// What all attempts of one operation share.
struct Attempt<'a, S, C> {
    source: &'a S,
    core: &'a Core,
    resilience: &'a Resilience,
    call: &'a CallPolicy<C>,
    limit: Option<Duration>,
    deadline: Option<Instant>,
}

impl<S: Provides, C> Attempt<'_, S, C> {
    async fn all<F, Fut, V, E>(&mut self, operation: &mut F) -> Result<V, Failed<E>>
    where
        C: Classifier<E>,
        F: FnMut(S::Client) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        let settings = self.call.retry.as_ref().unwrap_or(&self.resilience.retry);
        let mut pace = Pace::new(settings, &self.resilience.budget, self.deadline);
        let mut last: Option<Failed<E>> = None;
        loop {
            let failed = match self.one(operation).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            // Nothing was tried this time; what came back from the server before tells more.
            if let (Step::Rejected(_) | Step::Down, Some(last)) = (failed.at, last) {
                return Err(last);
            }
            let fault = match failed.at {
                // Nobody may try to open it earlier.
                Step::Open => match self.until_next_opening() {
                    Some(wait) if wait > settings.max_delay => return Err(failed),
                    Some(wait) => failed.fault.retry_after(wait),
                    None => failed.fault,
                },
                _ => failed.fault,
            };
            let delay = self
                .may_repeat(&failed)
                .then(|| pace.after(fault, self.core.executing()))
                .flatten();
            let Some(delay) = delay else {
                return Err(failed);
            };
            self.core.operations().retried();
            let error = failed.fault.kind().as_str();
            tracing::debug!(connection = %self.core.name(), error, ?delay, "trying again");
            last = Some(failed);
            sleep(delay).await;
        }
    }

    /// How long the connection is taken for down after an attempt to open it that failed.
    fn until_next_opening(&self) -> Option<Duration> {
        let next = self.core.gate().next_attempt()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Whether another attempt is safe and of use.
    fn may_repeat<E>(&self, failed: &Failed<E>) -> bool {
        failed.fault.is_transient()
            && match failed.at {
                Step::Rejected(_) | Step::Down => false,
                // One that ran into its time-out has taken its time.
                Step::Open => failed.fault.kind() != ErrorKind::Timeout,
                Step::Work => match self.call.repeat {
                    Repeat::Never => false,
                    Repeat::Unsent => failed.fault.request_sent() == Sent::No,
                    Repeat::Transient => true,
                },
            }
    }

    async fn one<F, Fut, V, E>(&self, operation: &mut F) -> Result<V, Failed<E>>
    where
        C: Classifier<E>,
        F: FnMut(S::Client) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        let turn = self.resilience.turn(self.deadline).await;
        let _turn = turn
            .map_err(|error| Failed::of(self.error(error), Step::Rejected(Rejected::Bulkhead)))?;
        let (permit, change) = self
            .resilience
            .breaker
            .admit()
            .map_err(|error| Failed::of(error, Step::Rejected(Rejected::CircuitBreaker)))?;
        self.changed(change);
        let client = match self.source.current() {
            Some(client) => client,
            None => match self.within(Box::pin(self.source.opened())).await {
                Some(Ok(client)) => client,
                Some(Err(error)) => {
                    self.changed(permit.failed(error.fault(), Some(&error)));
                    let known = !error.is(error.root());
                    let at = if known { Step::Down } else { Step::Open };
                    return Err(Failed::of(error, at));
                }
                None => {
                    let error = self.late("opening the connection took too long", Sent::No);
                    self.changed(permit.failed(error.fault(), Some(&error)));
                    return Err(Failed::of(error, Step::Open));
                }
            },
        };
        #[cfg(not(feature = "testing"))]
        let work = operation(client);
        #[cfg(feature = "testing")]
        let work = {
            let told = |error| E::from(self.error(error));
            around(self.core.faults(), Call::Run, || operation(client), told)
        };
        match self.within(work).await {
            Some(Ok(value)) => {
                self.changed(permit.succeeded());
                Ok(value)
            }
            Some(Err(error)) => {
                let fault = self.call.classifier.classify(&error);
                let cause = self.call.classifier.cause(&error);
                self.changed(permit.failed(fault, cause));
                if is_broken(fault.kind()) || fault.kind() == ErrorKind::Timeout {
                    self.core.suspect();
                }
                if let Some(cause) = cause
                    && is_broken(fault.kind())
                {
                    self.core.emit(EventKind::Error {
                        error: cause.clone(),
                    });
                }
                let at = Step::Work;
                Err(Failed { error, fault, at })
            }
            None => {
                let error = self.late("it took too long", Sent::Unknown);
                self.core.suspect();
                self.changed(permit.failed(error.fault(), Some(&error)));
                Err(Failed::of(error, Step::Work))
            }
        }
    }

    /// The future's output, or `None` at the deadline.
    async fn within<Fut: Future>(&self, future: Fut) -> Option<Fut::Output> {
        match self.deadline {
            Some(deadline) => timeout_at(deadline, future).await.ok(),
            None => Some(future.await),
        }
    }

    fn changed(&self, change: Option<Change>) {
        if let Some(change) = change {
            self.core.breaker_changed(change);
        }
    }

    #[cold]
    fn late(&self, what: &str, sent: Sent) -> Error {
        let limit = humantime::format_duration(self.limit.unwrap_or_default());
        let message = format!("{what}: not done within {limit}");
        self.error(ConnectError::new(ErrorKind::Timeout, message).with_sent(sent))
    }

    fn error(&self, error: ConnectError) -> Error {
        self.core.error(error, self.call.operation.unwrap_or("run"))
    }
}

/// Whether the error says that the server can't be talked to, rather than what it said.
fn is_broken(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Refused | ErrorKind::Dns | ErrorKind::Tls | ErrorKind::Protocol
    )
}
