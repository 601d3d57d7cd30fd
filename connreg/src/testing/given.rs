//! Clients that a test hands in, in place of those that a back end would open.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::layer::position;
use crate::backend::Backend;
use crate::config::{Loaded, LoadedConnection};
use crate::connection::{AnySlot, Open, Slot};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::event::Hub;
use crate::runtime::Configured;

/// The clients that were handed in, by name; of one name, the last.
#[derive(Clone, Default)]
pub(crate) struct GivenClients(Vec<(String, Arc<dyn Given>)>);

impl GivenClients {
    pub(crate) fn add<B: Backend>(&mut self, name: String, client: B::Client) {
        self.0.push((name, Arc::new(GivenTo::<B>::new(client))));
    }

    /// Has each connection of a name use the client that was handed in for it.
    pub(crate) fn put_into(&self, loaded: &mut Loaded) -> Result<(), Error> {
        for (name, client) in &self.0 {
            // One that is disabled needs no client.
            if let Some(at) = position(&loaded.connections, name) {
                client.put_into(&mut loaded.connections[at])?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for GivenClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

trait Given: Send + Sync {
    fn put_into(&self, connection: &mut LoadedConnection) -> Result<(), Error>;
}

struct GivenTo<B: Backend> {
    client: Arc<B::Client>,
    /// One for all openings, so that replacing it by itself does not close it. Made within the runtime that loads.
    open: OnceLock<Arc<Open<B>>>,
}

impl<B: Backend> GivenTo<B> {
    fn new(client: B::Client) -> Self {
        Self {
            client: Arc::new(client),
            open: OnceLock::new(),
        }
    }
}

impl<B: Backend> Given for GivenTo<B> {
    fn put_into(&self, connection: &mut LoadedConnection) -> Result<(), Error> {
        let settings: Arc<dyn Any + Send + Sync> = Arc::clone(&connection.settings) as _;
        let Ok(backend) = settings.downcast::<B>() else {
            let (name, kind) = (&connection.name, connection.kind);
            let wanted = B::DESCRIPTOR.declaration.name;
            let message =
                format!("connection `{name}` is a `{kind}`, and was handed a client of `{wanted}`");
            return Err(Error::usage(ErrorKind::WrongType, message, None).for_name(name));
        };
        let open = || Arc::new(Open::new(Arc::clone(&self.client)));
        let open = Arc::clone(self.open.get_or_init(open));
        connection.settings = Arc::new(WithClient { backend, open });
        Ok(())
    }
}

/// Settings, and the client that is used rather than opened with them.
struct WithClient<B: Backend> {
    backend: Arc<B>,
    open: Arc<Open<B>>,
}

impl<B: Backend> Configured for WithClient<B> {
    fn into_slot(self: Arc<Self>, context: Context, hub: Arc<Hub>) -> Arc<dyn AnySlot> {
        let backend = Arc::clone(&self.backend);
        let slot = Slot::new(backend, context, hub);
        Arc::new(slot.with_client(Arc::clone(&self.open)))
    }
}
