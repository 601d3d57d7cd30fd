//! The container: every configured connection, by name, for code without async.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::runtime::Runtime;
use super::{AnyConnection, CapabilityConnection, Connection, Events};
use crate::backend::Backend;
use crate::config::{Explanation, Report};
use crate::connection::ConnectionInfo;
use crate::connections::{Builder, CloseReport, ReloadReport, Status};
use crate::error::Error;
use crate::health::HealthReport;

/// Every configured connection of a program, by name. Cheap to clone; any thread may use it.
///
/// [`close`](Self::close) ends clients in good order; where it is only dropped, they are cut off.
#[derive(Clone)]
pub struct Connections {
    inner: crate::Connections,
    runtime: Arc<Runtime>,
}

impl Builder {
    /// As [`load`](Self::load), for code without async.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); or it was called within async code, or no threads could be had.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example() -> Result<(), connreg::Error> {
    /// let connections = connreg::blocking::Connections::builder()
    ///     .directory("config")
    ///     .profile("production")
    ///     .load_blocking()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_blocking(self) -> Result<Connections, Error> {
        let runtime = Runtime::new()?;
        let inner = runtime.wait(self.load())??;
        Ok(Connections { inner, runtime })
    }

    /// As [`check`](Self::check), for code without async.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); or it was called within async code, or no threads could be had.
    pub fn check_blocking(self) -> Result<Report, Error> {
        Runtime::new()?.wait(self.check())?
    }
}

impl Connections {
    /// As [`Connections::load`](crate::Connections::load).
    ///
    /// # Errors
    ///
    /// As there; or it was called within async code, or no threads could be had.
    pub fn load(directory: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder()
            .directory(directory.as_ref())
            .load_blocking()
    }

    /// To load from elsewhere, with a profile, with values set in code; it ends with
    /// [`load_blocking`](Builder::load_blocking).
    pub fn builder() -> Builder {
        crate::Connections::builder()
    }

    /// The connection called `name`, of type `T`. No I/O; keep it.
    ///
    /// # Errors
    ///
    /// No connection has the name (the nearest is suggested), or it is of another type.
    pub fn get<T: Backend>(&self, name: &str) -> Result<Connection<T>, Error> {
        let connection = self.inner.get(name)?;
        Ok(Connection::new(connection, Arc::clone(&self.runtime)))
    }

    /// The connection called `name`, whatever its type.
    ///
    /// # Errors
    ///
    /// No connection has the name; the nearest is suggested.
    pub fn get_any(&self, name: &str) -> Result<AnyConnection, Error> {
        let connection = self.inner.get_any(name)?;
        Ok(AnyConnection::new(connection, Arc::clone(&self.runtime)))
    }

    /// The connection called `name`, seen as a capability: `get_as::<dyn KeyValue>("cache")`.
    ///
    /// # Errors
    ///
    /// No connection has the name, or its type does not provide the capability; the error names the types that do.
    pub fn get_as<C: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<CapabilityConnection<C>, Error> {
        let connection = self.inner.get_as(name)?;
        let runtime = Arc::clone(&self.runtime);
        Ok(CapabilityConnection::new(connection, runtime))
    }

    /// Every connection, in the order of configuration.
    pub fn iter(&self) -> impl Iterator<Item = AnyConnection> + use<> {
        let runtime = Arc::clone(&self.runtime);
        let connections = self.inner.iter();
        connections.map(move |connection| AnyConnection::new(connection, Arc::clone(&runtime)))
    }

    /// Every connection's name, in the order of configuration.
    pub fn list(&self) -> Vec<String> {
        self.inner.list()
    }

    /// All that is known of one connection.
    ///
    /// # Errors
    ///
    /// No connection has the name.
    pub fn info(&self, name: &str) -> Result<ConnectionInfo, Error> {
        self.inner.info(name)
    }

    /// How every connection is, as far as is known. No I/O; [`check`](Self::check) asks.
    pub fn health(&self) -> HealthReport {
        self.inner.health()
    }

    /// How many connections there are, how many are available, and what is known of each. No I/O.
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// What was odd in the configuration, but usable. It was also logged.
    pub fn warnings(&self) -> Arc<Report> {
        self.inner.warnings()
    }

    /// Where the value of a setting comes from, as [`Connections::explain`](crate::Connections::explain).
    ///
    /// # Errors
    ///
    /// As there; or it was called within async code.
    pub fn explain(&self, key: &str) -> Result<Explanation, Error> {
        self.runtime.wait(self.inner.explain(key))?
    }

    /// Asks the servers of all open connections side by side, each within its `health_check.timeout`; opens none.
    ///
    /// # Errors
    ///
    /// It was called within async code; what the servers said is in the report.
    pub fn check(&self) -> Result<HealthReport, Error> {
        self.runtime.wait(self.inner.check())
    }

    /// Opens every connection, side by side; waits for the required ones, 30 s at the most.
    ///
    /// # Errors
    ///
    /// The reason of each required connection that could not be opened, the others stay open; or it was called within
    /// async code.
    pub fn start(&self) -> Result<(), Error> {
        self.runtime.wait(self.inner.start())?
    }

    /// Reads the configuration again and makes its changes, all of them or none; as
    /// [`Connections::reload`](crate::Connections::reload).
    ///
    /// # Errors
    ///
    /// As there; or it was called within async code.
    pub fn reload(&self) -> Result<ReloadReport, Error> {
        self.runtime.wait(self.inner.reload())?
    }

    /// Reloads whenever the configuration has changed and then been quiet for 4 s, until the watcher is dropped.
    pub fn watch(&self) -> Watcher {
        Watcher::new(
            self.runtime.within(|| self.inner.watch()),
            Arc::clone(&self.runtime),
        )
    }

    /// As [`watch`](Self::watch), with `quiet` in place of the 4 s.
    pub fn watch_with(&self, quiet: Duration) -> Watcher {
        Watcher::new(
            self.runtime.within(|| self.inner.watch_with(quiet)),
            Arc::clone(&self.runtime),
        )
    }

    /// What happens to any connection from now on, to be iterated over. Nobody waits for a slow reader: of more than 256 events
    /// that wait the oldest are dropped, and counted.
    pub fn events(&self) -> Events {
        Events::new(self.inner.events())
    }

    /// Closes every connection for good, each before those that it depends on, and says how that went.
    ///
    /// Work in flight is given 30 s in all to finish.
    ///
    /// # Errors
    ///
    /// It was called within async code, and nothing was closed.
    pub fn close(&self) -> Result<CloseReport, Error> {
        self.runtime.wait(self.inner.close())
    }

    /// As [`close`](Self::close), with `limit` in place of the 30 s.
    ///
    /// # Errors
    ///
    /// It was called within async code, and nothing was closed.
    pub fn close_with(&self, limit: Duration) -> Result<CloseReport, Error> {
        self.runtime.wait(self.inner.close_with(limit))
    }

    /// The async connections behind these, for what is the same in both. They work as long as these, or a handle that these
    /// gave, are there.
    pub fn as_async(&self) -> &crate::Connections {
        &self.inner
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Reloads while it lives; dropping it ends the watch. It iterates over how each reload went, of several that nobody has
/// waited for the last, until the connections are closed.
///
/// Within async code it gives one error, and then ends.
#[must_use = "the watch ends when this is dropped"]
pub struct Watcher {
    inner: crate::Watcher,
    runtime: Arc<Runtime>,
    misused: bool,
}

impl Watcher {
    fn new(inner: crate::Watcher, runtime: Arc<Runtime>) -> Self {
        Self {
            inner,
            runtime,
            misused: false,
        }
    }
}

impl Iterator for Watcher {
    type Item = Result<ReloadReport, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.misused {
            return None;
        }
        self.runtime
            .wait(self.inner.next())
            .unwrap_or_else(|error| {
                self.misused = true;
                Some(Err(error))
            })
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
