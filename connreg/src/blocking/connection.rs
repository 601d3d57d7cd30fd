//! One named connection of a known type, and its client.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::AnyConnection;
use super::runtime::Runtime;
use crate::backend::Backend;
use crate::connection::ConnectionInfo;
use crate::error::Error;
use crate::event::{Event, EventListener};
use crate::health::Health;
use crate::lifecycle::State;
use crate::policy::{CallPolicy, Classifier, Classify};

/// A named connection of a known type: cheap to clone, made to be kept; any thread may use it.
///
/// Every call may fail because it was made within async code, beside what its errors say.
pub struct Connection<T: Backend> {
    inner: crate::Connection<T>,
    runtime: Arc<Runtime>,
}

impl<T: Backend> Connection<T> {
    pub(super) fn new(inner: crate::Connection<T>, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// The connection's name, as it was configured.
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// The settings that it is configured with; a reload may replace them.
    pub fn settings(&self) -> Arc<T> {
        self.inner.settings()
    }

    /// The open client; opens it first if that has not been done.
    ///
    /// # Errors
    ///
    /// It could not be opened within `connect_timeout`, or the connection is closed.
    pub fn client(&self) -> Result<Client<T>, Error> {
        let client = self.runtime.run(self.name(), self.inner.client())?;
        Ok(Client {
            inner: client,
            name: self.inner.0.core().name().clone(),
            runtime: Arc::clone(&self.runtime),
        })
    }

    /// Waits for what `work` does with the open client, without the connection's policy: no deadline, no breaker, no
    /// retry. [`run`](Self::run) is the one for everyday work.
    ///
    /// # Errors
    ///
    /// The work's; or the connection could not be opened or is closed.
    pub fn call<F, Fut, V, E>(&self, work: F) -> Result<V, E>
    where
        F: FnOnce(crate::Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        let work = async { work(self.inner.client().await?).await };
        self.runtime.run(self.name(), work)
    }

    /// Runs `operation` with the open client, under the connection's policy; as
    /// [`Connection::run`](crate::Connection::run).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnOnce(crate::Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        self.runtime.run(self.name(), self.inner.run(operation))
    }

    /// As [`run`](Self::run), for work that does no harm when it is done twice: transient failures are tried again.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); the last attempt's, where there were several.
    pub fn run_idempotent<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnMut(crate::Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        let running = self.inner.run_idempotent(operation);
        self.runtime.run(self.name(), running)
    }

    /// As [`run`](Self::run), with what `call` says in place of what the connection's policy says.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); the last attempt's, where there were several.
    pub fn run_with<C, F, Fut, V, E>(&self, call: &CallPolicy<C>, operation: F) -> Result<V, E>
    where
        C: Classifier<E>,
        F: FnMut(crate::Client<T>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        let running = self.inner.run_with(call, operation);
        self.runtime.run(self.name(), running)
    }

    /// Asks the server whether it is there, opening the connection if nobody has.
    ///
    /// # Errors
    ///
    /// It could not be opened, or the check failed or took longer than `health_check.timeout`.
    pub fn check(&self) -> Result<(), Error> {
        self.runtime.run(self.name(), self.inner.check())
    }

    /// Opens a new client and puts it in the old one's place, which is closed when its last user lets go.
    ///
    /// # Errors
    ///
    /// It could not be opened; the old client, if there is one, stays.
    pub fn reconnect(&self) -> Result<(), Error> {
        self.runtime.run(self.name(), self.inner.reconnect())
    }

    /// Makes sure that the connection works at this moment: opens it, checks it, reconnects if the check fails.
    ///
    /// # Errors
    ///
    /// It could not be opened.
    pub fn ensure_connected(&self) -> Result<(), Error> {
        self.runtime.run(self.name(), self.inner.ensure_connected())
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.inner.state()
    }

    /// Calls `callback` with every event of this connection, until the listener is dropped; as
    /// [`Connection::on_event`](crate::Connection::on_event).
    pub fn on_event(&self, callback: impl Fn(&Event) + Send + Sync + 'static) -> EventListener {
        self.inner.on_event(callback)
    }

    /// How it is, as far as is known; asks nobody. [`check`](Self::check) asks.
    pub fn health(&self) -> Health {
        self.inner.health()
    }

    /// All that is known of it.
    pub fn info(&self) -> ConnectionInfo {
        self.inner.info()
    }

    /// The same connection without its type.
    pub fn as_any(&self) -> AnyConnection {
        AnyConnection::new(self.inner.as_any(), Arc::clone(&self.runtime))
    }

    /// The async connection behind it, which works as long as this one is there.
    pub fn as_async(&self) -> &crate::Connection<T> {
        &self.inner
    }
}

impl<T: Backend> Clone for Connection<T> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.runtime))
    }
}

impl<T: Backend> fmt::Debug for Connection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// An open client, kept alive by this guard. Its methods are async: [`wait`](Self::wait) waits for what they give.
pub struct Client<T: Backend> {
    inner: crate::Client<T>,
    name: Arc<str>,
    runtime: Arc<Runtime>,
}

impl<T: Backend> Client<T> {
    /// Waits for `future`, which is polled on this thread.
    ///
    /// # Errors
    ///
    /// The future's; or it was called within async code.
    pub fn wait<V, E: From<Error>>(
        &self,
        future: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        self.runtime.run(&self.name, future)
    }

    /// The client itself, shared. It works as long as a handle or guard of its connections is there.
    pub fn share(&self) -> Arc<T::Client> {
        self.inner.share()
    }
}

impl<T: Backend> Deref for Client<T> {
    type Target = T::Client;

    fn deref(&self) -> &T::Client {
        &self.inner
    }
}

impl<T: Backend> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
