//! A connection whose type is known at run time only.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::opening::Asker;
use super::slot::{AnySlot, Slot};
use super::{CapabilityConnection, Connection, ConnectionInfo};
use crate::backend::Backend;
use crate::connection_limit::ConnectionLimit;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::event::{Event, EventListener};
use crate::health::Health;
use crate::lifecycle::State;
use crate::registry::{ConnectionType, Registry};

/// A named connection of a type that is known at run time only.
#[derive(Clone)]
pub struct AnyConnection(pub(crate) Arc<dyn AnySlot>);

impl AnyConnection {
    /// The connection's name, as it was configured.
    pub fn name(&self) -> &str {
        self.0.core().name()
    }

    /// Its type.
    pub fn connection_type(&self) -> ConnectionType {
        self.0.core().connection_type()
    }

    /// Opens it unless it is open.
    ///
    /// # Errors
    ///
    /// It could not be opened within `connect_timeout`, or it is closed.
    pub async fn open(&self) -> Result<(), Error> {
        self.0.open(Asker::Explicit).await
    }

    /// As [`Connection::check`].
    ///
    /// # Errors
    ///
    /// It could not be opened, or the check failed or took too long.
    pub async fn check(&self) -> Result<(), Error> {
        self.0.check().await
    }

    /// As [`Connection::reconnect`].
    ///
    /// # Errors
    ///
    /// It could not be opened; the old client, if there is one, stays.
    pub async fn reconnect(&self) -> Result<(), Error> {
        self.0.reconnect(Asker::Explicit).await
    }

    /// The server that it goes to, without credentials; `None` where there is none, or no telling. No I/O.
    pub fn server(&self) -> Option<String> {
        self.0.server()
    }

    /// How many connections to its server it opens at the most.
    pub fn most_connections(&self) -> u32 {
        self.0.most_connections()
    }

    /// How many connections its server takes, asked of the server; opens the connection unless it is open.
    ///
    /// `None`: the server has no limit, or does not say.
    ///
    /// # Errors
    ///
    /// It could not be opened, or the server did not answer as it should.
    pub async fn connection_limit(&self) -> Result<Option<ConnectionLimit>, Error> {
        self.0.connection_limit().await
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.0.core().state()
    }

    /// As [`Connection::watch`].
    pub fn watch(&self) -> watch::Receiver<State> {
        self.0.core().lifecycle().watch()
    }

    /// As [`Connection::on_event`].
    pub fn on_event(&self, callback: impl Fn(&Event) + Send + Sync + 'static) -> EventListener {
        self.0.core().listen(callback)
    }

    /// As [`Connection::health`].
    pub fn health(&self) -> Health {
        self.0.core().context().health(&*self.0)
    }

    /// All that is known of it.
    pub fn info(&self) -> ConnectionInfo {
        ConnectionInfo::of(&*self.0)
    }

    /// Its name, its policy and where it was configured, as they are now: a reload may replace them.
    pub fn context(&self) -> Context {
        self.0.core().context()
    }

    pub(crate) fn is_required(&self) -> bool {
        self.0.core().context().policy().required
    }

    pub(crate) fn is_lazy(&self) -> bool {
        self.0.core().context().policy().lazy
    }

    pub(crate) fn start_timed_out(&self, limit: Duration) -> Error {
        let message = format!(
            "not open {} after the start",
            humantime::format_duration(limit)
        );
        self.0
            .core()
            .error(ConnectError::new(ErrorKind::Timeout, message), "start")
    }

    /// The typed connection.
    ///
    /// # Errors
    ///
    /// It is of another type, which the error names.
    pub fn downcast<T: Backend>(&self) -> Result<Connection<T>, Error> {
        match Arc::clone(&self.0).into_any().downcast::<Slot<T>>() {
            Ok(slot) => Ok(Connection(slot)),
            Err(_) => Err(self.wrong_type(
                format!(
                    "connection `{}` is a `{}`, not a `{}`",
                    self.name(),
                    self.connection_type(),
                    T::DESCRIPTOR.declaration.name,
                ),
                format!(
                    "ask for `get::<{}>`, or change its `type`",
                    self.connection_type().0.declaration.rust_name,
                ),
            )),
        }
    }

    /// The connection, seen as a capability such as `dyn KeyValue`.
    ///
    /// # Errors
    ///
    /// Its type does not provide it; the error names the linked types that do.
    pub fn capability<C: ?Sized + Send + Sync + 'static>(
        &self,
    ) -> Result<CapabilityConnection<C>, Error> {
        let kind = self.connection_type();
        if let Some(provided) = kind.provides::<C>() {
            return Ok(CapabilityConnection::new(Arc::clone(&self.0), provided));
        }
        let wanted = short_name::<C>();
        let providers: Vec<_> = Registry::linked()?
            .types()
            .iter()
            .filter(|kind| kind.provides::<C>().is_some())
            .map(|kind| format!("`{kind}`"))
            .collect();
        let help = match providers.as_slice() {
            [] => "no linked type does; write `provides(…)` in its `#[connection]`".to_owned(),
            names => format!("types that do: {}", names.join(", ")),
        };
        let message = format!(
            "connection `{}` is a `{kind}`, which does not provide `{wanted}`",
            self.name()
        );
        Err(self.wrong_type(message, help))
    }

    fn wrong_type(&self, message: String, help: String) -> Error {
        Error::usage(ErrorKind::WrongType, message, Some(help)).for_name(self.0.core().name())
    }
}

/// `KeyValue` for `dyn some::path::KeyValue`.
fn short_name<C: ?Sized>() -> &'static str {
    let full = std::any::type_name::<C>().trim_start_matches("dyn ");
    full.rsplit("::").next().unwrap_or(full)
}

impl fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "AnyConnection({}: {}, {})",
            self.name(),
            self.connection_type(),
            self.state()
        )
    }
}
