//! The connections of one configuration, found by name. A reload puts another set in its place.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::Inner;
use super::order::Order;
use crate::backend::Backend;
use crate::config::tree::canonical;
use crate::config::{Fingerprint, LoadedConnection, Report, keyed};
use crate::connection::{AnyConnection, AnySlot, Connection, Core};
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::event::Hub;
use crate::health::{Health, HealthStatus};
use crate::nearest::nearest;
use crate::secrets::Uses;

/// The connections of one configuration.
pub(crate) struct Set {
    pub(super) members: Vec<Member>,
    /// As configured → position; looked at first, since it allocates nothing.
    exact: HashMap<Arc<str>, usize>,
    /// As names are compared → position.
    canonical: HashMap<String, usize>,
    pub(super) order: Order,
    pub(super) warnings: Arc<Report>,
    /// The secrets that went into the settings.
    pub(super) secrets: Arc<Uses>,
    /// What the files were that it was read from.
    pub(super) files: u64,
}

/// One connection of a set.
pub(super) struct Member {
    pub(super) slot: Arc<dyn AnySlot>,
    pub(super) fingerprint: Fingerprint,
}

impl Member {
    pub(super) fn new(connection: LoadedConnection, peers: &Arc<Peers>, hub: &Arc<Hub>) -> Self {
        let (settings, fingerprint) = (Arc::clone(&connection.settings), connection.fingerprint);
        Self {
            slot: settings.into_slot(context(connection, peers), Arc::clone(hub)),
            fingerprint,
        }
    }
}

/// What `connection` is to be told of itself and of the others.
pub(super) fn context(connection: LoadedConnection, peers: &Arc<Peers>) -> Context {
    let LoadedConnection {
        name,
        kind,
        policy,
        origin,
        ..
    } = connection;
    Context::new(name, kind, policy, origin, Arc::clone(peers))
}

impl Set {
    /// `names` are as configured, in the order of `members`.
    pub(super) fn new(
        names: Vec<Arc<str>>,
        members: Vec<Member>,
        order: Order,
        warnings: Report,
        secrets: Uses,
        files: u64,
    ) -> Self {
        let positions = names.iter().enumerate();
        Self {
            members,
            canonical: positions.map(|(at, name)| (canonical(name), at)).collect(),
            exact: names.into_iter().zip(0..).collect(),
            order,
            warnings: Arc::new(warnings),
            secrets: Arc::new(secrets),
            files,
        }
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = &Arc<dyn AnySlot>> {
        self.members.iter().map(|member| &member.slot)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let exact = self.exact.get(name);
        exact
            .or_else(|| self.canonical.get(&canonical(name)))
            .copied()
    }

    pub(super) fn slot(&self, name: &str) -> Result<&Arc<dyn AnySlot>, Error> {
        self.position(name)
            .map(|at| &self.members[at].slot)
            .ok_or_else(|| self.unknown(name))
    }

    /// What tells one configuration from another.
    pub(super) fn digest(&self) -> u64 {
        let fingerprints = self.members.iter().map(|member| member.fingerprint);
        keyed(&fingerprints.collect::<Vec<_>>())
    }

    /// The connections that the one at `position` refers to.
    pub(super) fn needs(&self, position: usize) -> impl Iterator<Item = &Arc<dyn AnySlot>> {
        let targets = self.order.targets(position);
        targets.iter().map(|target| &self.members[*target].slot)
    }

    /// How the connection at `position` is, in view of those that it uses.
    pub(super) fn health(&self, position: usize) -> Health {
        let mut health = self.members[position].slot.health();
        if let Some(culprit) = self.culprit(position) {
            health.caused_by = Some(culprit.core().name().to_string());
            if matches!(health.status, HealthStatus::Up | HealthStatus::Unknown) {
                health.status = HealthStatus::Degraded;
            }
        }
        health
    }

    /// The last in the chain of connections that the one at `position` uses, each down.
    fn culprit(&self, position: usize) -> Option<&Arc<dyn AnySlot>> {
        let mut culprit = None;
        let mut at = position;
        // References don't go in circles.
        while let Some(next) = self
            .order
            .targets(at)
            .iter()
            .find(|target| self.members[**target].slot.is_down())
        {
            at = *next;
            culprit = Some(&self.members[at].slot);
        }
        culprit
    }

    fn unknown(&self, name: &str) -> Error {
        let known = || self.exact.keys().map(|name| &**name);
        let help = match nearest(name, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.members.is_empty() => "no connection is configured".to_owned(),
            None => {
                let mut names: Vec<_> = known().collect();
                names.sort_unstable();
                format!("configured: {}", names.join(", "))
            }
        };
        let message = format!("there is no connection `{name}`");
        Error::usage(ErrorKind::NotFound, message, Some(help)).for_name(&Arc::from(name))
    }
}

/// What a connection sees of the others: those that a reload prepares beside it, then those that are there.
pub(crate) struct Peers {
    connections: Weak<Inner>,
    /// By canonical name; empty but during a reload.
    staged: RwLock<HashMap<String, Arc<dyn AnySlot>>>,
}

impl Peers {
    pub(super) fn new(connections: Weak<Inner>) -> Arc<Self> {
        Arc::new(Self {
            connections,
            staged: RwLock::default(),
        })
    }

    pub(super) fn stage(&self, name: &str, slot: Arc<dyn AnySlot>) {
        self.staged
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(canonical(name), slot);
    }

    /// How the connection in `slot` is, in view of those that it uses.
    pub(crate) fn health(&self, slot: &dyn AnySlot) -> Health {
        let set = self
            .connections
            .upgrade()
            .map(|inner| inner.set.load_full());
        let member = set.and_then(|set| {
            let position = set.position(slot.core().name())?;
            // One that a reload has taken out is not the one of its name.
            let same = Arc::ptr_eq(set.members[position].slot.core(), slot.core());
            same.then(|| set.health(position))
        });
        member.unwrap_or_else(|| slot.health())
    }

    /// Tells the connection of `context`, which may have another client by now; keeps nothing alive for it.
    pub(crate) fn tell(&self, context: &Context, tell: impl FnOnce(&Core)) {
        let Some(connections) = self.connections.upgrade() else {
            return;
        };
        let set = connections.set.load();
        // A client of before a reload has nothing to tell of one of another type.
        if let Ok(slot) = set.slot(context.name())
            && slot.core().connection_type() == context.connection_type()
        {
            tell(slot.core());
        }
    }

    /// What was staged is in place.
    pub(super) fn settle(&self) {
        // Taken out first: what is dropped may run code of a back end.
        let staged =
            std::mem::take(&mut *self.staged.write().unwrap_or_else(PoisonError::into_inner));
        drop(staged);
    }

    /// The connection called `name`, for the client of the one called `asker`.
    pub(crate) fn get<T: Backend>(
        &self,
        asker: &str,
        name: &str,
    ) -> Result<Connection<T>, ConnectError> {
        let refused = |error: Error| {
            ConnectError::new(error.kind(), format!("`{name}` can't be used")).with_source(error)
        };
        let staged = {
            let staged = self.staged.read().unwrap_or_else(PoisonError::into_inner);
            staged.get(&canonical(name)).map(Arc::clone)
        };
        if let Some(slot) = staged {
            return AnyConnection(slot).downcast().map_err(refused);
        }
        let Some(connections) = self.connections.upgrade() else {
            let message = format!("the connections were closed before `{asker}` was opened");
            return Err(ConnectError::new(ErrorKind::Closed, message));
        };
        let slot = connections.set.load().slot(name).map(Arc::clone);
        slot.and_then(|slot| AnyConnection(slot).downcast())
            .map_err(refused)
    }
}
