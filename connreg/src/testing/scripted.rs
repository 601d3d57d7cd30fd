//! A back end without a server: all that it does is what [`Faults`](super::Faults) tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::backend::Backend;
use crate::context::Context;
use crate::descriptor::{Declaration, Descriptor};
use crate::error::ConnectError;
use crate::private::Declared;
use crate::registry::ConnectionType;
use crate::settings::{Field, Settings, TableReader};

/// The type of connections that need no server: [`Builder::with_scripted`](crate::Builder::with_scripted) makes them.
///
/// It opens, answers and closes at once, unless its [`Faults`](super::Faults) tell otherwise. No configuration can name
/// it, so that nothing but a test has such connections.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    opened: Arc<AtomicUsize>,
}

/// What an open [`Scripted`] connection is used through.
#[derive(Debug)]
pub struct ScriptedClient {
    number: usize,
}

impl ScriptedClient {
    /// Counts the connection's clients, from 0: a client with a higher number was opened later.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }
}

impl Scripted {
    /// Its handle. It is in no registry.
    pub const TYPE: ConnectionType = ConnectionType::of(Self::DESCRIPTOR);
}

// By hand, because what the attribute declares, every program links.
static DESCRIPTOR: Descriptor = Descriptor::of::<Scripted>(Declaration {
    name: "scripted",
    category: "testing",
    aliases: &[],
    sections: &[],
    doc: "A connection of a test, without a server.",
    provides: &[],
    rust_name: "Scripted",
    package: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    file: file!(),
    line: line!(),
});

impl Declared for Scripted {
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;
}

impl Settings for Scripted {
    const FIELDS: &'static [Field] = &[];

    fn read(_table: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self::default())
    }
}

impl Backend for Scripted {
    type Client = ScriptedClient;

    async fn connect(&self, _context: &Context) -> Result<ScriptedClient, ConnectError> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(ScriptedClient { number })
    }

    async fn check(_client: &ScriptedClient) -> Result<(), ConnectError> {
        Ok(())
    }
}
