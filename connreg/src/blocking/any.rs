//! A connection whose type is known at run time only.

use std::fmt;
use std::sync::Arc;

use super::runtime::Runtime;
use super::{CapabilityConnection, Connection};
use crate::backend::Backend;
use crate::error::Error;

/// A named connection of a type that is known at run time only.
///
/// Every call may fail because it was made within async code, beside what its errors say.
#[derive(Clone)]
pub struct AnyConnection {
    inner: crate::AnyConnection,
    runtime: Arc<Runtime>,
}

impl AnyConnection {
    pub(super) fn new(inner: crate::AnyConnection, runtime: Arc<Runtime>) -> Self {
        Self { inner, runtime }
    }

    /// The connection's name, as it was configured.
    pub fn name(&self) -> &str {
        self.inner.name()
    }

    /// Opens it unless it is open.
    ///
    /// # Errors
    ///
    /// It could not be opened within `connect_timeout`, or it is closed.
    pub fn open(&self) -> Result<(), Error> {
        self.runtime.run(self.name(), self.inner.open())
    }

    /// As [`Connection::check`].
    ///
    /// # Errors
    ///
    /// It could not be opened, or the check failed or took too long.
    pub fn check(&self) -> Result<(), Error> {
        self.runtime.run(self.name(), self.inner.check())
    }

    /// As [`Connection::reconnect`].
    ///
    /// # Errors
    ///
    /// It could not be opened; the old client, if there is one, stays.
    pub fn reconnect(&self) -> Result<(), Error> {
        self.runtime.run(self.name(), self.inner.reconnect())
    }

    /// The typed connection.
    ///
    /// # Errors
    ///
    /// It is of another type, which the error names.
    pub fn downcast<T: Backend>(&self) -> Result<Connection<T>, Error> {
        let connection = self.inner.downcast()?;
        Ok(Connection::new(connection, Arc::clone(&self.runtime)))
    }

    /// The connection, seen as a capability such as `dyn KeyValue`.
    ///
    /// # Errors
    ///
    /// Its type does not provide it; the error names the linked types that do.
    pub fn capability<C: ?Sized + Send + Sync + 'static>(
        &self,
    ) -> Result<CapabilityConnection<C>, Error> {
        let connection = self.inner.capability()?;
        let runtime = Arc::clone(&self.runtime);
        Ok(CapabilityConnection::new(connection, runtime))
    }

    /// The async connection behind it, for what waits for nothing: state, health, listeners. It works as long as this one is
    /// there.
    pub fn as_async(&self) -> &crate::AnyConnection {
        &self.inner
    }
}

impl fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
