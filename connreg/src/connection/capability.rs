//! A connection, seen as one of the capabilities that its type provides.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};

use super::AnyConnection;
use super::opening::Asker;
use super::slot::AnySlot;
use super::untyped::Core;
use crate::capability::Provided;
use crate::error::Error;

/// A named connection, seen as the capability `C`: `dyn KeyValue`, whatever product answers.
///
/// Cheap to clone, made to be kept in a service's state.
pub struct CapabilityConnection<C: ?Sized>(Arc<Seen<C>>);

struct Seen<C: ?Sized> {
    slot: Arc<dyn AnySlot>,
    provided: &'static Provided,
    /// The view of the client that was there last.
    view: ArcSwapOption<ViewOf<C>>,
}

struct ViewOf<C: ?Sized> {
    generation: u64,
    client: Arc<C>,
}

impl<C: ?Sized + Send + Sync + 'static> CapabilityConnection<C> {
    pub(super) fn new(slot: Arc<dyn AnySlot>, provided: &'static Provided) -> Self {
        Self(Arc::new(Seen {
            slot,
            provided,
            view: ArcSwapOption::empty(),
        }))
    }

    /// The connection's name, as it was configured.
    pub fn name(&self) -> &str {
        self.0.slot.core().name()
    }

    /// The connection behind it.
    pub fn as_any(&self) -> AnyConnection {
        AnyConnection(Arc::clone(&self.0.slot))
    }

    /// The open client; opens it first if that has not been done.
    ///
    /// # Errors
    ///
    /// It could not be opened within `connect_timeout`, or the connection is closed.
    pub async fn client(&self) -> Result<CapabilityClient<C>, Error> {
        match self.current() {
            Some(client) => Ok(client),
            None => Box::pin(self.renew()).await,
        }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        self.0.slot.core()
    }

    pub(super) fn current(&self) -> Option<CapabilityClient<C>> {
        let view = self.0.view.load();
        let generation = view.as_ref()?.generation;
        (generation == self.0.slot.core().generation()).then_some(CapabilityClient(view))
    }

    pub(super) async fn renew(&self) -> Result<CapabilityClient<C>, Error> {
        let slot = &self.0.slot;
        slot.open(Asker::User).await?;
        // Read before the client: a view that is older than its number says is renewed, not kept.
        let generation = slot.core().generation();
        let client = slot
            .opened()
            .and_then(|open| self.0.provided.see(open.client()));
        let Some(client) = client else {
            return Err(slot.core().closed_error());
        };
        self.0
            .view
            .store(Some(Arc::new(ViewOf { generation, client })));
        Ok(CapabilityClient(self.0.view.load()))
    }
}

impl<C: ?Sized> Clone for CapabilityConnection<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: ?Sized> fmt::Debug for CapabilityConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.slot.core().name();
        write!(f, "CapabilityConnection({name}: {:?})", self.0.provided)
    }
}

/// An open client, seen as a capability and kept alive by this guard.
pub struct CapabilityClient<C: ?Sized>(Guard<Option<Arc<ViewOf<C>>>>);

impl<C: ?Sized> CapabilityClient<C> {
    /// The client itself, shared.
    pub fn share(&self) -> Arc<C> {
        Arc::clone(&self.view().client)
    }

    fn view(&self) -> &ViewOf<C> {
        let Some(view) = &*self.0 else {
            unreachable!("made only from a view")
        };
        view
    }
}

impl<C: ?Sized> Deref for CapabilityClient<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.view().client
    }
}

impl<C: ?Sized> fmt::Debug for CapabilityClient<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CapabilityClient")
    }
}
