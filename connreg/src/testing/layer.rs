//! Faults between a configured connection and whoever uses it.

use std::sync::Arc;

use super::behaviour::Call;
use super::faults::{Faults, OpenClient};
use crate::backend::Backend;
use crate::config::tree::canonical;
use crate::config::{Loaded, LoadedConnection};
use crate::connection::AnySlot;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::event::Hub;
use crate::runtime::Configured;

/// The faults of each connection that has some, by name; of one name, the last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers(Vec<(String, Faults)>);

impl Layers {
    pub(super) fn add(&mut self, name: String, faults: Faults) {
        self.0
            .retain(|(known, _)| canonical(known) != canonical(&name));
        self.0.push((name, faults));
    }

    /// Puts each connection's faults around it.
    pub(super) fn put_into(&self, loaded: &mut Loaded) {
        for (name, faults) in &self.0 {
            if let Some(at) = position(&loaded.connections, name) {
                let connection = &mut loaded.connections[at];
                let inner = Arc::clone(&connection.settings);
                let faults = faults.clone();
                connection.settings = Arc::new(WithFaults { inner, faults });
            }
        }
    }

    /// # Errors
    ///
    /// There is no such connection as one that faults are for.
    pub(super) fn check(&self, loaded: &Loaded) -> Result<(), Error> {
        let mut names = self.0.iter().map(|(name, _)| name);
        let Some(name) = names.find(|name| position(&loaded.connections, name).is_none()) else {
            return Ok(());
        };
        let message = format!("faults are for the connection `{name}`, which is not configured");
        let help = "check the name, and that the connection is enabled".to_owned();
        let error = Error::usage(ErrorKind::NotFound, message, Some(help));
        Err(error.for_name(&Arc::from(name.as_str())))
    }
}

/// Where the connection called `name` is.
pub(super) fn position(connections: &[LoadedConnection], name: &str) -> Option<usize> {
    let wanted = canonical(name);
    let mut names = connections.iter().map(|connection| &connection.name);
    names.position(|name| canonical(name) == wanted)
}

/// Settings, and the faults of what is opened with them.
struct WithFaults {
    inner: Arc<dyn Configured>,
    faults: Faults,
}

impl Configured for WithFaults {
    fn into_slot(self: Arc<Self>, context: Context, hub: Arc<Hub>) -> Arc<dyn AnySlot> {
        let slot = Arc::clone(&self.inner).into_slot(context, hub);
        slot.core().set_faults(self.faults.clone());
        slot
    }
}

/// Runs `work` as `faults`, if there are any, tell this call.
pub(crate) async fn around<V, E, Fut: Future<Output = Result<V, E>>>(
    faults: Option<&Faults>,
    call: Call,
    work: impl FnOnce() -> Fut,
    told: impl FnOnce(ConnectError) -> E,
) -> Result<V, E> {
    match faults {
        Some(faults) => faults.around(call, work, told).await,
        None => work().await,
    }
}

/// Closes `client` as the faults tell that count it, if there are any.
pub(crate) async fn close<B: Backend>(client: &B::Client, counted: Option<&OpenClient>) {
    let work = async || {
        B::close(client).await;
        Ok::<_, ConnectError>(())
    };
    // Closing has no way to fail: one that is told to leaves the client as it is.
    let _ = around(
        counted.map(OpenClient::faults),
        Call::Close,
        work,
        |error| error,
    )
    .await;
}
