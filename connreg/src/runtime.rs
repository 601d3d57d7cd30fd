//! Between configuration and connections: a back end that was read, still erased.

use std::any::Any;
use std::sync::Arc;

use crate::backend::Backend;
use crate::connection::{AnySlot, Slot};
use crate::context::Context;
use crate::event::Hub;

/// The settings of one connection, ready to become its slot.
pub(crate) trait Configured: Any + Send + Sync {
    /// The slot that opens connections with these settings.
    fn into_slot(self: Arc<Self>, context: Context, hub: Arc<Hub>) -> Arc<dyn AnySlot>;
}

impl<B: Backend> Configured for B {
    fn into_slot(self: Arc<Self>, context: Context, hub: Arc<Hub>) -> Arc<dyn AnySlot> {
        Arc::new(Slot::new(self, context, hub))
    }
}
