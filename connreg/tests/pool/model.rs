//! What must hold in every pool, told from its events alone.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connreg::pool::PoolEvent;

/// What is known from the events alone.
pub(crate) struct Model {
    max_size: u32,
    pub(crate) live: HashSet<u64>,
    pub(crate) leased: HashSet<u64>,
    /// In which generation each connection was begun.
    generations: HashMap<u64, u64>,
    generation: u64,
    is_suspended: bool,
    pub(crate) is_closed: bool,
    /// Events come in the order in which things happen, as they do in one thread: retiring, suspending and closing take
    /// effect at once.
    is_ordered: bool,
    pub(crate) wrong: Vec<String>,
}

impl Model {
    pub(crate) fn new(max_size: u32, is_ordered: bool) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            max_size,
            live: HashSet::new(),
            leased: HashSet::new(),
            generations: HashMap::new(),
            generation: 0,
            is_suspended: false,
            is_closed: false,
            is_ordered,
            wrong: Vec::new(),
        }))
    }

    pub(crate) fn note(&mut self, event: &PoolEvent) {
        match *event {
            PoolEvent::Opening { id } => {
                self.generations.insert(id, self.generation);
            }
            PoolEvent::Opened { id, .. } => {
                self.live.insert(id);
                let (live, max) = (self.live.len(), self.max_size as usize);
                self.expect(live <= max, || format!("{live} of {max} are open"));
            }
            PoolEvent::Closed { id, .. } => {
                let was_live = self.live.remove(&id);
                self.expect(was_live, || format!("{id} was not open and is closed"));
                let is_leased = self.leased.contains(&id);
                self.expect(!is_leased, || format!("{id} is closed on lease"));
            }
            PoolEvent::Acquired { id, .. } => {
                let is_free = self.leased.insert(id);
                self.expect(is_free, || format!("{id} is on lease twice"));
                let is_live = self.live.contains(&id);
                self.expect(is_live, || format!("{id} is handed out and not open"));
                let is_current = !self.is_ordered || self.generations[&id] == self.generation;
                self.expect(is_current, || format!("{id} was retired and is handed out"));
                let is_serving = !(self.is_ordered && (self.is_suspended || self.is_closed));
                self.expect(is_serving, || {
                    format!("{id} is handed out by a pool that rests")
                });
            }
            PoolEvent::Returned { id } => {
                let was_leased = self.leased.remove(&id);
                self.expect(was_leased, || {
                    format!("{id} is returned and was not on lease")
                });
            }
            PoolEvent::Retired { .. } => self.generation += 1,
            PoolEvent::Suspended => self.is_suspended = true,
            PoolEvent::Resumed => self.is_suspended = false,
            PoolEvent::PoolClosed => self.is_closed = true,
            _ => {}
        }
    }

    /// Told later: an observer must not panic.
    fn expect(&mut self, is_so: bool, otherwise: impl FnOnce() -> String) {
        if !is_so {
            self.wrong.push(otherwise());
        }
    }
}

/// Even after a failed assertion: what is dropped then is told, too.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
