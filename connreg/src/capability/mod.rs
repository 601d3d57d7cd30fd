//! Capabilities: traits that clients of several types implement, so that configuration alone swaps them.
//!
//! One trait per file. How a client is seen as a capability, whatever its type, is here.

pub mod key_value;

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

/// For `impl KeyValue for …`, whose methods are `async fn`s behind `dyn`.
pub use async_trait::async_trait;
pub use key_value::{KeyValue, KeyValueError, ScanPage};

use crate::backend::Backend;

/// How clients of `B` are seen as a `C`. Made by the macro for each `provides(…)`.
pub struct View<B: Backend, C: ?Sized>(pub fn(Arc<B::Client>) -> Arc<C>);

impl<B: Backend, C: ?Sized> fmt::Debug for View<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")
    }
}

/// An erased [`View`].
trait AnyView: Sync {
    fn see(&self, client: Arc<dyn Any + Send + Sync>) -> Option<Box<dyn Any>>;
}

impl<B: Backend, C: ?Sized + 'static> AnyView for View<B, C> {
    fn see(&self, client: Arc<dyn Any + Send + Sync>) -> Option<Box<dyn Any>> {
        let client = client.downcast::<B::Client>().ok()?;
        Some(Box::new((self.0)(client)))
    }
}

/// One capability of one connection type.
#[derive(Clone, Copy)]
pub struct Provided {
    name: &'static str,
    id: fn() -> TypeId,
    view: &'static dyn AnyView,
}

impl Provided {
    /// The capability `C`, called `name` in messages, of clients of `B`.
    pub const fn new<B: Backend, C: ?Sized + 'static>(
        name: &'static str,
        view: &'static View<B, C>,
    ) -> Self {
        Self {
            name,
            id: TypeId::of::<C>,
            view,
        }
    }

    /// The trait's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn is<C: ?Sized + 'static>(&self) -> bool {
        (self.id)() == TypeId::of::<C>()
    }

    /// `client` seen as a `C`, if this is the entry for `C`.
    pub(crate) fn see<C: ?Sized + 'static>(
        &self,
        client: Arc<dyn Any + Send + Sync>,
    ) -> Option<Arc<C>> {
        let seen = self.view.see(client)?.downcast::<Arc<C>>().ok()?;
        Some(*seen)
    }
}

impl fmt::Debug for Provided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
