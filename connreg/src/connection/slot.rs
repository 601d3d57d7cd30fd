//! The place of one configured connection: opening, sharing, checking, replacing and closing its client.
//!
//! A thousand first users make one attempt. It runs in a task of its own, so that no user's leaving ends it, and
//! everybody waits for it with a deadline.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::backend::Backend;
use crate::connection_limit::ConnectionLimit;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::lifecycle::{Lifecycle, State};
use crate::pool::PoolStatistics;

/// What a waiter waits beyond the attempt's own deadline, for a back end that holds its thread.
const GRACE: Duration = Duration::from_millis(50);

/// How long a client may take to finish its work and close.
pub(crate) const DRAIN: Duration = Duration::from_secs(30);

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One configured connection.
pub(crate) struct Slot<B: Backend> {
    pub(crate) backend: Arc<B>,
    pub(crate) context: Context,
    pub(crate) lifecycle: Lifecycle,
    pub(super) open: ArcSwapOption<Open<B>>,
    /// Counts the clients that have been here, so that views of one know when it is replaced.
    generation: AtomicU64,
    gate: Mutex<Gate>,
}

/// Who may open, and who is at it.
#[derive(Default)]
struct Gate {
    closed: bool,
    attempt: Option<Attempt>,
}

struct Attempt {
    outcome: watch::Receiver<Option<Result<(), Error>>>,
    task: AbortHandle,
}

impl<B: Backend> Slot<B> {
    pub(crate) fn new(backend: Arc<B>, context: Context) -> Self {
        Self {
            backend,
            context,
            lifecycle: Lifecycle::new(),
            open: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            gate: Mutex::default(),
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // Nothing panics while it is held.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, error: ConnectError, attempted: &'static str) -> Error {
        self.context.error(error, attempted)
    }

    pub(crate) fn closed_error(&self) -> Error {
        let error = ConnectError::new(ErrorKind::Closed, "the connection was closed")
            .with_help("use it before `close`, or load the connections again");
        self.error(error, "connect")
    }

    fn timeout_error(&self, what: &str, attempted: &'static str, limit: Duration) -> Error {
        let message = format!("{what} within {}", humantime::format_duration(limit));
        self.error(ConnectError::new(ErrorKind::Timeout, message), attempted)
    }

    /// Opens the connection unless it is open.
    pub(crate) async fn open(self: &Arc<Self>) -> Result<(), Error> {
        let outcome = {
            let gate = self.gate();
            // Somebody may have opened it between the caller's look and now.
            if self.open.load().is_some() {
                return Ok(());
            }
            self.join(gate)?
        };
        self.wait(outcome).await
    }

    /// Opens a new client, whether there is one or not.
    pub(crate) async fn reconnect(self: &Arc<Self>) -> Result<(), Error> {
        let outcome = self.join(self.gate())?;
        self.wait(outcome).await
    }

    /// The attempt under way, or a new one.
    fn join(
        self: &Arc<Self>,
        mut gate: MutexGuard<'_, Gate>,
    ) -> Result<watch::Receiver<Option<Result<(), Error>>>, Error> {
        if gate.closed {
            return Err(self.closed_error());
        }
        if let Some(attempt) = &gate.attempt {
            return Ok(attempt.outcome.clone());
        }
        let Ok(runtime) = Handle::try_current() else {
            let error = ConnectError::new(ErrorKind::Configuration, "there is no Tokio runtime")
                .with_help("call it from within one, such as a function with `#[tokio::main]`");
            return Err(self.error(error, "connect"));
        };
        let (told, outcome) = watch::channel(None);
        self.lifecycle.enter(State::Connecting);
        let ending = Ending {
            slot: Arc::clone(self),
            told,
            settled: false,
        };
        let task = runtime.spawn(ending.run()).abort_handle();
        gate.attempt = Some(Attempt {
            outcome: outcome.clone(),
            task,
        });
        Ok(outcome)
    }

    async fn wait(
        &self,
        mut outcome: watch::Receiver<Option<Result<(), Error>>>,
    ) -> Result<(), Error> {
        let limit = self.context.connect_timeout();
        let told = timeout(limit + GRACE, outcome.wait_for(Option::is_some)).await;
        match told {
            Ok(Ok(result)) => result.clone().unwrap_or_else(|| Err(self.closed_error())),
            Ok(Err(_)) => Err(self.closed_error()),
            Err(_) => Err(self.timeout_error("could not be opened", "connect", limit)),
        }
    }

    async fn attempt(&self) -> Result<B::Client, Error> {
        let limit = self.context.connect_timeout();
        match timeout(limit, self.backend.connect(&self.context)).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(error)) => Err(self.error(error, "connect")),
            Err(_) => Err(self.timeout_error("could not be opened", "connect", limit)),
        }
    }

    /// Ends an attempt: puts the new client in place or says why there is none.
    fn settle(&self, result: Result<B::Client, Error>) -> Result<(), Error> {
        let mut gate = self.gate();
        gate.attempt = None;
        match result {
            Ok(client) => {
                let open = Arc::new(Open::new(client));
                if gate.closed {
                    // Dropping it closes it.
                    return Err(self.closed_error());
                }
                let replaced = self.open.swap(Some(open));
                self.generation.fetch_add(1, Ordering::Release);
                self.lifecycle.connected();
                drop(gate);
                drop(replaced);
                tracing::info!(connection = %self.context.name(), "connected");
                Ok(())
            }
            Err(error) => {
                let left = if self.open.load().is_some() {
                    State::Unhealthy
                } else {
                    State::Failed
                };
                if !gate.closed {
                    self.lifecycle.failed(&error, left);
                    tracing::warn!(connection = %self.context.name(), %error, "not connected");
                }
                Err(error)
            }
        }
    }

    /// Checks the open client, opening it first if need be.
    pub(crate) async fn check(self: &Arc<Self>) -> Result<(), Error> {
        self.open().await?;
        let Some(open) = self.open.load_full() else {
            return Err(self.closed_error());
        };
        let limit = self.context.policy().health_check.timeout;
        let result = match timeout(limit, B::check(open.client())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.error(error, "check")),
            Err(_) => Err(self.timeout_error("the server did not answer", "check", limit)),
        };
        self.lifecycle.checked(result.as_ref().err());
        result
    }

    /// Asks the server how many connections it takes, opening one first if need be.
    async fn connection_limit(self: &Arc<Self>) -> Result<Option<ConnectionLimit>, Error> {
        const ATTEMPTED: &str = "asking for the limit of connections";
        self.open().await?;
        let Some(open) = self.open.load_full() else {
            return Err(self.closed_error());
        };
        let limit = self.context.policy().health_check.timeout;
        match timeout(limit, B::connection_limit(open.client())).await {
            Ok(asked) => asked.map_err(|error| self.error(error, ATTEMPTED)),
            Err(_) => Err(self.timeout_error("the server did not answer", ATTEMPTED, limit)),
        }
    }

    /// Closes for good: no new client, and the old one is given time to finish.
    pub(crate) async fn close(&self) {
        let open = {
            let mut gate = self.gate();
            gate.closed = true;
            if let Some(attempt) = &gate.attempt {
                attempt.task.abort();
            }
            self.open.swap(None)
        };
        self.lifecycle.enter(State::Closed);
        if let Some(open) = open {
            self.generation.fetch_add(1, Ordering::Release);
            let in_time = timeout(DRAIN, open.close()).await.is_ok();
            tracing::info!(connection = %self.context.name(), in_time, "closed");
        }
    }
}

/// An attempt's task: whatever ends it, an outcome is told.
struct Ending<B: Backend> {
    slot: Arc<Slot<B>>,
    told: watch::Sender<Option<Result<(), Error>>>,
    settled: bool,
}

impl<B: Backend> Ending<B> {
    async fn run(mut self) {
        let result = self.slot.attempt().await;
        self.tell(result);
    }

    fn tell(&mut self, result: Result<B::Client, Error>) {
        self.settled = true;
        let outcome = self.slot.settle(result);
        self.told.send_replace(Some(outcome));
    }
}

impl<B: Backend> Drop for Ending<B> {
    /// The back end panicked, the connection was closed, or the runtime is shutting down.
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let error = if std::thread::panicking() {
            let error = ConnectError::new(ErrorKind::Other, "the back end panicked")
                .with_help("this is a bug in the back end; its panic message says where");
            self.slot.error(error, "connect")
        } else {
            self.slot.closed_error()
        };
        self.tell(Err(error));
    }
}

/// An open client, closed when its last user lets go of it, at the latest.
pub(super) struct Open<B: Backend> {
    client: Arc<B::Client>,
    closed: AtomicBool,
    runtime: Option<Handle>,
}

impl<B: Backend> Open<B> {
    fn new(client: B::Client) -> Self {
        Self {
            client: Arc::new(client),
            closed: AtomicBool::new(false),
            runtime: Handle::try_current().ok(),
        }
    }

    pub(super) fn client(&self) -> &Arc<B::Client> {
        &self.client
    }

    async fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            B::close(&self.client).await;
        }
    }
}

impl<B: Backend> Drop for Open<B> {
    fn drop(&mut self) {
        if *self.closed.get_mut() {
            return;
        }
        let Some(runtime) = &self.runtime else { return };
        let client = Arc::clone(&self.client);
        runtime.spawn(async move {
            // Past the deadline the client is dropped as it is.
            let _ = timeout(DRAIN, B::close(&client)).await;
        });
    }
}

/// A [`Slot`] whose type is not known.
pub(crate) trait AnySlot: Send + Sync {
    fn context(&self) -> &Context;
    fn lifecycle(&self) -> &Lifecycle;
    fn generation(&self) -> u64;
    fn statistics(&self) -> Option<PoolStatistics>;
    /// The client, if it is open.
    fn client(&self) -> Option<Arc<dyn Any + Send + Sync>>;
    fn open(self: Arc<Self>) -> BoxFuture<'static, Result<(), Error>>;
    fn check(self: Arc<Self>) -> BoxFuture<'static, Result<(), Error>>;
    fn reconnect(self: Arc<Self>) -> BoxFuture<'static, Result<(), Error>>;
    fn server(&self) -> Option<String>;
    fn most_connections(&self) -> u32;
    fn connection_limit(
        self: Arc<Self>,
    ) -> BoxFuture<'static, Result<Option<ConnectionLimit>, Error>>;
    fn close(self: Arc<Self>) -> BoxFuture<'static, ()>;
    fn closed_error(&self) -> Error;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<B: Backend> AnySlot for Slot<B> {
    fn context(&self) -> &Context {
        &self.context
    }

    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn statistics(&self) -> Option<PoolStatistics> {
        self.open
            .load()
            .as_ref()
            .and_then(|open| B::statistics(open.client()))
    }

    fn client(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let open = self.open.load();
        open.as_ref()
            .map(|open| Arc::clone(open.client()) as Arc<dyn Any + Send + Sync>)
    }

    fn open(self: Arc<Self>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move { Slot::open(&self).await })
    }

    fn check(self: Arc<Self>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move { Slot::check(&self).await })
    }

    fn reconnect(self: Arc<Self>) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move { Slot::reconnect(&self).await })
    }

    fn server(&self) -> Option<String> {
        self.backend.server()
    }

    fn most_connections(&self) -> u32 {
        B::most_connections(self.context.pool())
    }

    fn connection_limit(
        self: Arc<Self>,
    ) -> BoxFuture<'static, Result<Option<ConnectionLimit>, Error>> {
        Box::pin(async move { Slot::connection_limit(&self).await })
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { Slot::close(&self).await })
    }

    fn closed_error(&self) -> Error {
        Slot::closed_error(self)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
