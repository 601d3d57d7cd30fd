//! Connections that a reload has taken away, for whoever has told others of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::Connections;
use super::set::Set;
use crate::connection::AnyConnection;

/// The set of which was told last.
#[derive(Default)]
pub(super) struct Departed(Mutex<Option<Arc<Set>>>);

impl Connections {
    /// The connections that were there when this was last asked, and are not any more.
    pub(crate) fn departed(&self) -> Vec<AnyConnection> {
        let (set, before) = {
            let last = &self.0.departed.0;
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            // Read behind the lock: an older set must not come after a newer one.
            let set = self.0.set.load_full();
            let before = last.replace(Arc::clone(&set));
            (set, before)
        };
        let Some(before) = before.filter(|before| !Arc::ptr_eq(before, &set)) else {
            return Vec::new();
        };
        let stays: HashSet<u64> = set.slots().map(|slot| slot.core().id()).collect();
        let gone = before
            .slots()
            .filter(|slot| !stays.contains(&slot.core().id()));
        gone.map(|slot| AnyConnection(Arc::clone(slot))).collect()
    }
}
