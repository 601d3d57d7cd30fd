//! A connection, seen as one of the capabilities that its type provides, and its client.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::AnyConnection;
use super::runtime::Runtime;
use crate::error::Error;
use crate::policy::{CallPolicy, Classifier, Classify};

/// A named connection, seen as the capability `C`: `dyn KeyValue`, whatever product answers.
///
/// Every call may fail because it was made within async code, beside what its errors say.
pub struct CapabilityConnection<C: ?Sized> {
    inner: crate::CapabilityConnection<C>,
    runtime: Arc<Runtime>,
}

impl<C: ?Sized + Send + Sync + 'static> CapabilityConnection<C> {
    pub(super) fn new(inner: crate::CapabilityConnection<C>, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// The connection's name, as it was configured.
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// The connection behind it.
    pub fn as_any(&self) -> AnyConnection {
        AnyConnection::new(self.inner.as_any(), Arc::clone(&self.runtime))
    }

    /// The open client; opens it first if that has not been done.
    ///
    /// # Errors
    ///
    /// It could not be opened within `connect_timeout`, or the connection is closed.
    pub fn client(&self) -> Result<CapabilityClient<C>, Error> {
        let inner = self.runtime.run(self.name(), self.inner.client())?;
        Ok(CapabilityClient {
            inner,
            name: self.name().into(),
            runtime: Arc::clone(&self.runtime),
        })
    }

    /// As [`Connection::run`](super::Connection::run).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnOnce(crate::CapabilityClient<C>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        self.runtime.run(self.name(), self.inner.run(operation))
    }

    /// As [`Connection::run_idempotent`](super::Connection::run_idempotent).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run_idempotent<F, Fut, V, E>(&self, operation: F) -> Result<V, E>
    where
        F: FnMut(crate::CapabilityClient<C>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: Classify + From<Error>,
    {
        let running = self.inner.run_idempotent(operation);
        self.runtime.run(self.name(), running)
    }

    /// As [`Connection::run_with`](super::Connection::run_with).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run_with<P, F, Fut, V, E>(&self, call: &CallPolicy<P>, operation: F) -> Result<V, E>
    where
        P: Classifier<E>,
        F: FnMut(crate::CapabilityClient<C>) -> Fut,
        Fut: Future<Output = Result<V, E>>,
        E: From<Error>,
    {
        let running = self.inner.run_with(call, operation);
        self.runtime.run(self.name(), running)
    }
}

impl<C: ?Sized> Clone for CapabilityConnection<C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            runtime: Arc::clone(&self.runtime),
        }
    }
}

impl<C: ?Sized> fmt::Debug for CapabilityConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// An open client, seen as a capability and kept alive by this guard.
pub struct CapabilityClient<C: ?Sized> {
    inner: crate::CapabilityClient<C>,
    name: Arc<str>,
    runtime: Arc<Runtime>,
}

impl<C: ?Sized> CapabilityClient<C> {
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
    pub fn share(&self) -> Arc<C> {
        self.inner.share()
    }
}

impl<C: ?Sized> Deref for CapabilityClient<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.inner
    }
}

impl<C: ?Sized> fmt::Debug for CapabilityClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
