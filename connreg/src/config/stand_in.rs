//! Back ends that a test hands in, in place of what is configured.

use std::fmt;
use std::sync::Arc;

use super::layer;
use super::shape::{Kind, Sighting};
use super::tree::{Origin, Table, canonical, same_name};
use crate::registry::ConnectionType;
use crate::runtime::Configured;

/// The back ends that were handed in, by name; of one name, the last.
#[derive(Clone, Default)]
pub(crate) struct StandIns(Vec<(String, StandIn)>);

/// One of them: its type, and its settings as they are.
#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) kind: ConnectionType,
    pub(crate) settings: Arc<dyn Configured>,
}

impl StandIns {
    pub(crate) fn add(
        &mut self,
        name: String,
        kind: ConnectionType,
        settings: Arc<dyn Configured>,
    ) {
        self.0
            .retain(|(known, _)| canonical(known) != canonical(&name));
        self.0.push((name, StandIn { kind, settings }));
    }

    /// Each as if code gave the type, of a connection among `known` or of a new one.
    pub(super) fn sightings(&self, known: &[Sighting]) -> Vec<Sighting> {
        let sighting = |(name, stand_in): &(String, StandIn)| {
            let there = known.iter().find(|there| same_name(&there.name, name));
            let (name, path) = match there {
                Some(there) => (there.name.clone(), there.path.clone()),
                None => (name.clone(), name.clone()),
            };
            Sighting {
                layer: layer::CODE,
                sequence: 0,
                name,
                path,
                origin: Origin::code(),
                table: Table::default(),
                kind: Kind::StandIn(stand_in.clone()),
            }
        };
        self.0.iter().map(sighting).collect()
    }
}

impl fmt::Debug for StandIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}
