//! The container: every configured connection of a program, by name.
//!
//! Reading the configuration is [`crate::config`]'s, opening a connection is [`crate::connection`]'s.

mod builder;
mod close;
mod order;
mod start;
mod status;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::broadcast;

pub use builder::Builder;
pub use close::CloseReport;
pub use status::Status;

use crate::backend::Backend;
use crate::config::tree::canonical;
use crate::config::{Loaded, Report};
use crate::connection::{
    AnyConnection, AnySlot, CapabilityConnection, Connection, ConnectionInfo, DRAIN,
};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Hub};
use crate::nearest::nearest;

/// Every configured connection of a program, by name. Cheap to clone.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), connreg::Error> {
/// use connreg::Connections;
///
/// let connections = Connections::load("config").await?;
/// for connection in connections.iter() {
///     println!("{}: {}", connection.name(), connection.state());
/// }
/// connections.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

pub(crate) struct Inner {
    slots: Vec<Arc<dyn AnySlot>>,
    /// As configured → position; looked at first, since it allocates nothing.
    exact: HashMap<Arc<str>, usize>,
    /// As names are compared → position.
    canonical: HashMap<String, usize>,
    /// Positions in the order of closing: those of one group side by side, each before those that it depends on.
    closing: Vec<Vec<usize>>,
    warnings: Report,
    hub: Arc<Hub>,
}

impl Connections {
    /// Reads the configuration directory, with the environment on top; connects to nothing that does not say `lazy: false`.
    ///
    /// # Errors
    ///
    /// Every mistake in every file, in one report; or a required connection with `lazy: false` that could not
    /// be opened.
    pub async fn load(directory: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder().directory(directory.as_ref()).load().await
    }

    /// To load from elsewhere, with a profile, with values set in code.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(loaded: Loaded) -> Self {
        let closing = order::dependents_first(&loaded.connections);
        Self(Arc::new_cyclic(|peers: &Weak<Inner>| {
            let mut inner = Inner {
                slots: Vec::with_capacity(loaded.connections.len()),
                exact: HashMap::new(),
                canonical: HashMap::new(),
                closing,
                warnings: loaded.warnings,
                hub: Arc::new(Hub::new()),
            };
            for (index, connection) in loaded.connections.into_iter().enumerate() {
                let name = connection.name;
                inner.exact.insert(Arc::clone(&name), index);
                inner.canonical.insert(canonical(&name), index);
                let context =
                    Context::new(name, connection.kind, connection.policy, Weak::clone(peers));
                inner.slots.push(
                    connection
                        .settings
                        .into_slot(context, Arc::clone(&inner.hub)),
                );
            }
            inner
        }))
    }

    /// The connection called `name`, of type `T`. No I/O; keep it.
    ///
    /// # Errors
    ///
    /// No connection has the name (the nearest is suggested), or it is of another type.
    pub fn get<T: Backend>(&self, name: &str) -> Result<Connection<T>, Error> {
        self.0.get(name)
    }

    /// The connection called `name`, whatever its type.
    ///
    /// # Errors
    ///
    /// No connection has the name; the nearest is suggested.
    pub fn get_any(&self, name: &str) -> Result<AnyConnection, Error> {
        self.0
            .slot(name)
            .map(|slot| AnyConnection(Arc::clone(slot)))
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
        self.get_any(name)?.capability()
    }

    /// Every connection, in the order of configuration.
    pub fn iter(&self) -> impl Iterator<Item = AnyConnection> + '_ {
        self.0
            .slots
            .iter()
            .map(|slot| AnyConnection(Arc::clone(slot)))
    }

    /// Every connection's name, in the order of configuration.
    pub fn list(&self) -> Vec<String> {
        self.0
            .slots
            .iter()
            .map(|slot| slot.core().name().to_string())
            .collect()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.0.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.slots.is_empty()
    }

    /// Whether a connection of this name is configured and nothing is known against it: it has not been opened yet,
    /// or it works.
    pub fn is_available(&self, name: &str) -> bool {
        self.0
            .slot(name)
            .is_ok_and(|slot| slot.core().state().is_available())
    }

    /// All that is known of one connection.
    ///
    /// # Errors
    ///
    /// No connection has the name.
    pub fn info(&self, name: &str) -> Result<ConnectionInfo, Error> {
        self.get_any(name).map(|connection| connection.info())
    }

    /// How many connections there are, how many are available, and what is known of each. No I/O.
    pub fn status(&self) -> Status {
        Status::of(self.iter().map(|connection| connection.info()).collect())
    }

    /// What was odd in the configuration, but usable. It was also logged.
    pub fn warnings(&self) -> &Report {
        &self.0.warnings
    }

    /// Opens every connection, side by side; waits for the required ones, 30 s at the most.
    ///
    /// # Errors
    ///
    /// The reason of each required connection that could not be opened. The others stay open.
    pub async fn start(&self) -> Result<(), Error> {
        start::open(self.iter().collect()).await
    }

    /// What happens to any connection from now on. Nobody waits for a slow reader: of more than 256 events that
    /// wait the oldest are dropped, and the reader is told how many (`RecvError::Lagged`).
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.hub.subscribe()
    }

    /// Closes every connection for good, each before those that it depends on, and says how that went.
    ///
    /// Work in flight is given 30 s in all to finish.
    pub async fn close(&self) -> CloseReport {
        self.close_with(DRAIN).await
    }

    /// As [`close`](Self::close), with `limit` in place of the 30 s.
    pub async fn close_with(&self, limit: Duration) -> CloseReport {
        close::close(&self.0.slots, &self.0.closing, limit).await
    }
}

impl Inner {
    pub(crate) fn get<T: Backend>(&self, name: &str) -> Result<Connection<T>, Error> {
        AnyConnection(Arc::clone(self.slot(name)?)).downcast()
    }

    fn slot(&self, name: &str) -> Result<&Arc<dyn AnySlot>, Error> {
        self.exact
            .get(name)
            .or_else(|| self.canonical.get(&canonical(name)))
            .map(|index| &self.slots[*index])
            .ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Error {
        let known = || self.exact.keys().map(|name| &**name);
        let help = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.slots.is_empty() => "no connection is configured".to_owned(),
            None => {
                let mut names: Vec<_> = known().collect();
                names.sort_unstable();
                format!("configured: {}", names.join(", "))
            }
        };
        let message = format!("there is no connection `{name}`");
        Error::usage(ErrorKind::NotFound, message, Some(help)).for_name(&Arc::from(name))
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
