//! The container: every configured connection of a program, by name.
//!
//! Reading the configuration is [`crate::config`]'s, opening a connection is [`crate::connection`]'s.

mod builder;
mod close;
mod departed;
mod monitor;
mod order;
mod refresh;
mod reload;
mod set;
mod start;
mod status;
mod watch;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use self::departed::Departed;
use self::order::Order;
use self::reload::Refused;
use self::set::{Member, Set};

pub use builder::Builder;
pub use close::CloseReport;
pub use reload::ReloadReport;
pub(crate) use set::Peers;
pub use status::Status;
pub use watch::Watcher;

use crate::backend::Backend;
use crate::config::{Explanation, Loaded, Report};
use crate::connection::{AnyConnection, CapabilityConnection, Connection, ConnectionInfo};
use crate::error::Error;
use crate::event::{Event, Hub};
use crate::health::HealthReport;
use crate::secrets;

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
    set: ArcSwap<Set>,
    hub: Arc<Hub>,
    /// Where it was all read from, to be read again.
    source: Builder,
    /// One reload after the other.
    reloading: tokio::sync::Mutex<()>,
    closed: Mutex<bool>,
    refused: Mutex<Refused>,
    departed: Departed,
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

    /// What `source` was found to say.
    pub(crate) fn new(loaded: Loaded, files: u64, source: Builder) -> Self {
        let order = Order::of(&loaded.connections);
        Self(Arc::new_cyclic(|inner: &Weak<Inner>| {
            let hub = Arc::new(Hub::new());
            let peers = Peers::new(Weak::clone(inner));
            let mut names = Vec::with_capacity(loaded.connections.len());
            let mut members = Vec::with_capacity(loaded.connections.len());
            for connection in loaded.connections {
                names.push(Arc::clone(&connection.name));
                members.push(Member::new(connection, &peers, &hub));
            }
            Inner {
                set: ArcSwap::from_pointee(Set::new(
                    names,
                    members,
                    order,
                    loaded.warnings,
                    loaded.secrets,
                    files,
                )),
                hub,
                source,
                reloading: tokio::sync::Mutex::default(),
                closed: Mutex::default(),
                refused: Mutex::default(),
                departed: Departed::default(),
            }
        }))
    }

    /// The connection called `name`, of type `T`. No I/O; keep it.
    ///
    /// # Errors
    ///
    /// No connection has the name (the nearest is suggested), or it is of another type.
    pub fn get<T: Backend>(&self, name: &str) -> Result<Connection<T>, Error> {
        self.get_any(name)?.downcast()
    }

    /// The connection called `name`, whatever its type.
    ///
    /// # Errors
    ///
    /// No connection has the name; the nearest is suggested.
    pub fn get_any(&self, name: &str) -> Result<AnyConnection, Error> {
        let set = self.0.set.load();
        set.slot(name).map(|slot| AnyConnection(Arc::clone(slot)))
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
    pub fn iter(&self) -> impl Iterator<Item = AnyConnection> + use<> {
        let set = self.0.set.load();
        let slots: Vec<_> = set.slots().map(Arc::clone).collect();
        slots.into_iter().map(AnyConnection)
    }

    /// Every connection's name, in the order of configuration.
    pub fn list(&self) -> Vec<String> {
        let set = self.0.set.load();
        set.slots()
            .map(|slot| slot.core().name().to_string())
            .collect()
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.0.set.load().members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a connection of this name is configured and nothing is known against it: it has not been opened yet,
    /// or it works.
    pub fn is_available(&self, name: &str) -> bool {
        let set = self.0.set.load();
        set.slot(name)
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

    /// How every connection is, as far as is known. No I/O; [`check`](Self::check) asks.
    pub fn health(&self) -> HealthReport {
        let set = self.0.set.load();
        let positions = 0..set.members.len();
        HealthReport::of(positions.map(|position| set.health(position)).collect())
    }

    /// How those called `names` are, as far as is known. No I/O.
    ///
    /// # Errors
    ///
    /// No connection has one of the names.
    pub fn health_of(&self, names: &[&str]) -> Result<HealthReport, Error> {
        let connections = names.iter().map(|name| self.get_any(name));
        let health = connections.map(|connection| connection.map(|connection| connection.health()));
        Ok(HealthReport::of(health.collect::<Result<_, _>>()?))
    }

    /// Asks the servers of all open connections side by side, each within its `health_check.timeout`; opens none.
    pub async fn check(&self) -> HealthReport {
        let mut checks = JoinSet::new();
        for connection in self.iter() {
            checks.spawn(async move { connection.0.check_open().await });
        }
        // What each found is in its health.
        while checks.join_next().await.is_some() {}
        self.health()
    }

    /// How many connections there are, how many are available, and what is known of each. No I/O.
    pub fn status(&self) -> Status {
        Status::of(self.iter().map(|connection| connection.info()).collect())
    }

    /// What was odd in the configuration, but usable. It was also logged.
    pub fn warnings(&self) -> Arc<Report> {
        Arc::clone(&self.0.set.load().warnings)
    }

    /// Where the value of a setting comes from: `name.setting`, `name.table.setting`, an alias, or `name` for all of a
    /// connection's. Nothing is kept for this: the files are read again, so that it tells what a reload would find.
    ///
    /// # Errors
    ///
    /// No connection has the name, or its type has no such setting: the nearest is suggested.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(connections: connreg::Connections) -> Result<(), connreg::Error> {
    /// println!("{}", connections.explain("customer_db.pool_size").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn explain(&self, key: &str) -> Result<Explanation, Error> {
        self.0.source.clone().explain(key).await
    }

    /// Waits until a secret that connections were configured with has another value, or is about to end, and gives the
    /// names of those connections; never ends where no secret comes from a file or a provider.
    ///
    /// Files are looked at every second. May be dropped at any time.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(connections: connreg::Connections) {
    /// for name in connections.secret_changed().await {
    ///     println!("`{name}` has a new secret");
    /// }
    /// # }
    /// ```
    pub async fn secret_changed(&self) -> Vec<Arc<str>> {
        let set = self.0.set.load_full();
        secrets::changed(&set.secrets).await
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
    /// wait the oldest are dropped, and the reader is told how many (`RecvError::Lagged`). It ends when the connections
    /// and all handles on them are gone.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.hub.subscribe()
    }

    /// Closes every connection for good, each before those that it depends on, and says how that went.
    ///
    /// Work in flight is given the connection's `close_timeout` from now on to finish, which is 30 s.
    pub async fn close(&self) -> CloseReport {
        self.close_within(None).await
    }

    /// As [`close`](Self::close), with `limit` in place of each connection's `close_timeout`.
    pub async fn close_with(&self, limit: Duration) -> CloseReport {
        self.close_within(Some(limit)).await
    }

    async fn close_within(&self, limit: Option<Duration>) -> CloseReport {
        let set = {
            let mut closed = self.0.closed.lock().unwrap_or_else(PoisonError::into_inner);
            *closed = true;
            self.0.set.load_full()
        };
        close::close(&set, limit).await
    }

    /// Reads the configuration again and makes its changes, all of them or none.
    ///
    /// What was changed and is open is opened anew beside the old client, and all change places in one moment.
    /// Handles stay as they are and find the new client; work under way on the old one ends there, and it is
    /// closed when its last user lets go. A connection that uses a changed one is opened anew as well. What only this library
    /// heeds (retry, breaker, health check, tags, …) changes without a new client. Reloads go one after the other.
    ///
    /// # Errors
    ///
    /// Every mistake in every file, in one report; a connection that is open and could not be opened with its
    /// new settings; or the connections are closed. Nothing has changed then.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(connections: connreg::Connections) {
    /// match connections.reload().await {
    ///     Ok(report) => println!("{report}"),
    ///     Err(error) => eprintln!("everything goes on as it was: {error}"),
    /// }
    /// # }
    /// ```
    pub async fn reload(&self) -> Result<ReloadReport, Error> {
        let reloaded = self.reload_unless_refused(u32::MAX).await;
        reloaded.unwrap_or_else(|| Err(reload::closed_error()))
    }

    /// `None`: credentials that were refused `limit` times would be tried again, or the connections are closed.
    async fn reload_unless_refused(&self, limit: u32) -> Option<Result<ReloadReport, Error>> {
        let _turn = self.0.reloading.lock().await;
        if self.0.is_closed() {
            return None;
        }
        match self.0.source.clone().loaded().await {
            Ok(loaded) => reload::reload(&self.0, loaded, limit).await,
            Err(error) => Some(Err(error)),
        }
    }

    /// Reloads whenever the configuration has changed and then been quiet for 4 s, until the watcher is dropped.
    ///
    /// Files are looked at every second, new ones included; secrets are watched as their providers can. What can't be
    /// loaded is logged, and everything goes on as it was.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(connections: connreg::Connections) {
    /// let mut watcher = connections.watch();
    /// tokio::spawn(async move {
    ///     while let Some(outcome) = watcher.next().await {
    ///         println!("{outcome:?}");
    ///     }
    /// });
    /// # }
    /// ```
    pub fn watch(&self) -> Watcher {
        self.watch_with(watch::QUIET)
    }

    /// As [`watch`](Self::watch), with `quiet` in place of the 4 s.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn watch_with(&self, quiet: Duration) -> Watcher {
        watch::watch(self, quiet)
    }
}

impl Inner {
    fn is_closed(&self) -> bool {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    /// The health monitor ends at once, and with it the stream of events.
    fn drop(&mut self) {
        self.hub.wake();
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
