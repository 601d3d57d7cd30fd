//! One named connection: the typed handle, the untyped one, and the one that is seen as a capability.
//!
//! How it is opened, checked and closed, whatever its type, is in the modules of these names.

mod activity;
mod any;
mod capability;
mod checking;
mod closing;
mod engines;
mod health;

mod info;
mod limit;
mod opening;
mod provides;
mod reloading;
mod run;
mod slot;
mod untyped;

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use arc_swap::Guard;
use tokio::sync::watch;

pub use any::AnyConnection;
pub use capability::{CapabilityClient, CapabilityConnection};
pub use closing::ClosedConnection;
pub use info::ConnectionInfo;
pub(crate) use slot::DRAIN;

pub(crate) use opening::{Asker, Prospect};
pub(crate) use slot::{AnyOpen, AnySlot, BoxFuture, Open, Slot};
pub(crate) use untyped::{Closing, Core};

use crate::backend::Backend;
use crate::error::Error;
use crate::event::{Event, EventListener};
use crate::health::Health;
use crate::lifecycle::State;
use provides::{Asked, Provides};

/// A named connection of a known type: cheap to clone, made to be kept in a service's state.
///
/// Getting it does no I/O; [`client`](Self::client) opens it at first use.
pub struct Connection<T: Backend>(pub(crate) Arc<Slot<T>>);

impl<T: Backend> Connection<T> {
    /// The connection's name, as it was configured.
    pub fn name(&self) -> &str {
        self.0.core().name()
    }

    /// The settings that it is configured with; a reload may replace them.
    pub fn settings(&self) -> Arc<T> {
        self.0.settings()
    }

    /// The open client; opens it first if that has not been done.
    ///
    /// All who ask while it is being opened wait for the same attempt and share its outcome. On an open
    /// connection it takes no lock and allocates nothing. The guard keeps this client alive; don't keep it
    /// for longer than one piece of work, so that a reconnected client takes over.
    ///
    /// # Errors
    ///
    /// It could not be opened within `connect_timeout`, or the connection is closed.
    #[inline]
    pub fn client(&self) -> Opening<'_, T> {
        Opening(Asked::Look(self))
    }

    fn slot(&self) -> Arc<dyn AnySlot> {
        Arc::clone(&self.0) as Arc<dyn AnySlot>
    }

    /// Asks the server whether it is there, opening the connection if nobody has.
    ///
    /// # Errors
    ///
    /// It could not be opened, or the check failed or took longer than `health_check.timeout`.
    pub async fn check(&self) -> Result<(), Error> {
        self.slot().check().await
    }

    /// Opens a new client and puts it in the old one's place, which is closed when its last user lets go.
    ///
    /// # Errors
    ///
    /// It could not be opened; the old client, if there is one, stays.
    pub async fn reconnect(&self) -> Result<(), Error> {
        self.slot().reconnect(Asker::Explicit).await
    }

    /// Makes sure that the connection works at this moment: opens it, checks it, reconnects if the check fails.
    ///
    /// # Errors
    ///
    /// It could not be opened.
    pub async fn ensure_connected(&self) -> Result<(), Error> {
        match self.check().await {
            Ok(()) => Ok(()),
            // There is a client, and it does not work.
            Err(_) if Client::of(&self.0).is_some() => self.reconnect().await,
            Err(error) => Err(error),
        }
    }

    /// Where it is in its life.
    pub fn state(&self) -> State {
        self.0.core().state()
    }

    /// Tells every change of state; a slow reader misses states, never the last one. `Executing` is told by
    /// [`state`](Self::state) only.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.0.core().lifecycle().watch()
    }

    /// Calls `callback` with every event of this connection, until the listener is dropped.
    ///
    /// It runs on a thread of its own, one event at a time in their order, and may block: a slow or panicking one
    /// never slows a connection. Of one that is too slow the oldest events are dropped, and counted.
    pub fn on_event(&self, callback: impl Fn(&Event) + Send + Sync + 'static) -> EventListener {
        self.0.core().listen(callback)
    }

    /// How it is, as far as is known; asks nobody. [`check`](Self::check) asks.
    pub fn health(&self) -> Health {
        self.0.core().context().health(&*self.slot())
    }

    /// All that is known of it.
    pub fn info(&self) -> ConnectionInfo {
        ConnectionInfo::of(&*self.0)
    }

    /// The same connection without its type.
    pub fn as_any(&self) -> AnyConnection {
        AnyConnection(self.slot())
    }
}

impl<T: Backend> Clone for Connection<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Backend> fmt::Debug for Connection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Connection({}: {}, {})",
            self.name(),
            T::DESCRIPTOR.declaration.name,
            self.state()
        )
    }
}

/// The future of [`Connection::client`]: ready at once where the connection is open.
#[must_use = "futures do nothing unless awaited"]
pub struct Opening<'a, T: Backend>(Asked<'a, Connection<T>>);

impl<T: Backend> Future for Opening<'_, T> {
    type Output = Result<Client<T>, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<T: Backend> Provides for Connection<T> {
    type Client = Client<T>;

    #[inline]
    fn core(&self) -> &Arc<Core> {
        self.0.core()
    }

    #[inline]
    fn current(&self) -> Option<Client<T>> {
        Client::of(&self.0)
    }

    async fn opened(&self) -> Result<Client<T>, Error> {
        self.slot().open(Asker::User).await?;
        self.current().ok_or_else(|| self.0.core().closed_error())
    }
}

impl<T: Backend> fmt::Debug for Opening<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening")
    }
}

/// An open client, kept alive by this guard. `Send`, so that it may be held over an `.await`.
pub struct Client<T: Backend>(Guard<Option<Arc<Open<T>>>>);

impl<T: Backend> Client<T> {
    #[inline]
    fn of(slot: &Slot<T>) -> Option<Self> {
        let guard = slot.current().open.load();
        guard.is_some().then_some(Self(guard))
    }

    /// The client itself, shared.
    pub fn share(&self) -> Arc<T::Client> {
        Arc::clone(self.open().client())
    }

    fn open(&self) -> &Open<T> {
        let Some(open) = &*self.0 else {
            unreachable!("made only from an open client")
        };
        open
    }
}

impl<T: Backend> Deref for Client<T> {
    type Target = T::Client;

    #[inline]
    fn deref(&self) -> &T::Client {
        self.open().client()
    }
}

impl<T: Backend> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", T::DESCRIPTOR.declaration.name)
    }
}
