//! What a back end is told when it opens a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Backend;
use crate::config::Origin;
use crate::connection::{AnySlot, Connection, Core};
use crate::connections::Peers;
use crate::error::{ConnectError, Error};
use crate::health::Health;
use crate::policy::{Policy, PoolSettings};
use crate::registry::ConnectionType;
use crate::settings::ConnectionRef;

/// The connection that a client is opened for: its name, its policy, and the other connections.
///
/// Cheap to clone, so that a client can keep it and name its connection in errors.
#[derive(Clone)]
pub struct Context(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    name: Arc<str>,
    kind: ConnectionType,
    policy: Arc<Policy>,
    origin: Origin,
    peers: Arc<Peers>,
}

impl Context {
    pub(crate) fn new(
        name: Arc<str>,
        kind: ConnectionType,
        policy: Arc<Policy>,
        origin: Origin,
        peers: Arc<Peers>,
    ) -> Self {
        Self(Arc::new(Inner {
            name,
            kind,
            policy,
            origin,
            peers,
        }))
    }

    /// The connection's name, as it was configured.
    pub fn name(&self) -> &Arc<str> {
        &self.0.name
    }

    /// The connection's type.
    pub fn connection_type(&self) -> ConnectionType {
        self.0.kind
    }

    /// What the connection was told beside its type's own settings.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Where the connection's name was written.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// How long opening may take; `connect` is dropped when it has passed.
    pub fn connect_timeout(&self) -> Duration {
        self.0.policy.connect_timeout
    }

    /// How long one operation may take, if that is limited.
    pub fn operation_timeout(&self) -> Option<Duration> {
        self.0.policy.operation_timeout
    }

    /// The settings of the pool, for clients that keep one.
    pub fn pool(&self) -> &PoolSettings {
        &self.0.policy.pool
    }

    /// The connection that a setting refers to.
    ///
    /// # Errors
    ///
    /// The connections have been closed.
    pub fn get<T: Backend>(
        &self,
        reference: &ConnectionRef<T>,
    ) -> Result<Connection<T>, ConnectError> {
        self.0.peers.get(self.name(), reference.name())
    }

    /// Tells the connection's listeners that another server is the primary now; servers are `host:port`, never with
    /// credentials. [`Topology`](crate::topology::Topology) does it by itself.
    ///
    /// Keeps nothing alive: what comes after the connections have gone is told to nobody.
    pub fn failed_over(&self, from: Option<&str>, to: &str) {
        self.tell(|core| core.failed_over(from, to));
    }

    /// What happens to the client is told to the connection that is there under its name now, if it is of its type still.
    pub(crate) fn tell(&self, tell: impl FnOnce(&Core)) {
        self.0.peers.tell(self, tell);
    }

    /// How the connection in `slot`, which this is the context of, is in view of those that it uses.
    pub(crate) fn health(&self, slot: &dyn AnySlot) -> Health {
        self.0.peers.health(slot)
    }

    /// Gives `error` the connection's name and says what was tried: `query`, `acquire`, ….
    pub fn error(&self, error: ConnectError, attempted: &'static str) -> Error {
        error.for_connection(Arc::clone(self.name()), attempted)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({}: {})", self.0.name, self.0.kind)
    }
}
