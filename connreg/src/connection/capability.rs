//! A connection, seen as one of the capabilities that its type provides.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use arc_swap::{ArcSwapOption, Guard};

use super::AnyConnection;
use super::opening::Asker;
use super::provides::{Asked, Provides};
use super::slot::{AnyOpen, AnySlot};
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
    /// How a client is seen so. Kept, because asking for it needs `C: 'static`, and a future that needs that of a
    /// `dyn C` is not taken for `Send` (rust-lang/rust#64552).
    see: See<C>,
    /// The view of the client that was there last.
    view: ArcSwapOption<ViewOf<C>>,
}

type See<C> = fn(&Provided, Arc<dyn Any + Send + Sync>) -> Option<Arc<C>>;

struct ViewOf<C: ?Sized> {
    generation: u64,
    client: Arc<C>,
    /// Keeps the client from being closed while somebody looks at it.
    _open: Arc<dyn AnyOpen>,
}

/// Views of a client that are kept for the next to ask; not for longer than the client is there.
pub(super) trait Views: Send + Sync {
    fn forget(&self);
}

impl<C: ?Sized + Send + Sync> Views for Seen<C> {
    fn forget(&self) {
        self.view.store(None);
    }
}

impl<C: ?Sized + Send + Sync + 'static> CapabilityConnection<C> {
    pub(super) fn new(slot: Arc<dyn AnySlot>, provided: &'static Provided) -> Self {
        let core = Arc::clone(slot.core());
        let seen = Arc::new(Seen {
            slot,
            provided,
            see: Provided::see::<C>,
            view: ArcSwapOption::empty(),
        });
        let views: Weak<Seen<C>> = Arc::downgrade(&seen);
        core.keep_views(views);
        Self(seen)
    }
}

impl<C: ?Sized + Send + Sync> CapabilityConnection<C> {
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
    #[inline]
    pub fn client(
        &self,
    ) -> impl Future<Output = Result<CapabilityClient<C>, Error>> + Send + Unpin + use<'_, C> {
        Asked::Look(self)
    }

    async fn renew(&self) -> Result<CapabilityClient<C>, Error> {
        let slot = &self.0.slot;
        loop {
            slot.open(Asker::User).await?;
            // Read before the client: a view that is older than its number says is renewed, not kept.
            let generation = slot.core().generation();
            let seen = slot.opened().and_then(|open| {
                let client = (self.0.see)(self.0.provided, open.client())?;
                Some((client, open))
            });
            let Some((client, open)) = seen else {
                return Err(slot.core().closed_error());
            };
            self.0.view.store(Some(Arc::new(ViewOf {
                generation,
                client,
                _open: open,
            })));
            let view = self.0.view.load();
            // One that was replaced meanwhile is not kept for the next.
            if slot.core().generation() != generation {
                self.0.forget();
            }
            if view.is_some() {
                return Ok(CapabilityClient(view));
            }
            // Somebody else has found it out of date.
        }
    }
}

impl<C: ?Sized + Send + Sync> Provides for CapabilityConnection<C> {
    type Client = CapabilityClient<C>;

    #[inline]
    fn core(&self) -> &Arc<Core> {
        self.0.slot.core()
    }

    #[inline]
    fn current(&self) -> Option<CapabilityClient<C>> {
        let view = self.0.view.load();
        let generation = view.as_ref()?.generation;
        (generation == self.0.slot.core().generation()).then_some(CapabilityClient(view))
    }

    async fn opened(&self) -> Result<CapabilityClient<C>, Error> {
        self.renew().await
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
