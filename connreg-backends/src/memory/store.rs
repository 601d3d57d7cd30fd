//! Values under keys with expiry, behind one lock that is held for a bounded time.
//!
//! An expired value is as good as gone; its memory is given back when its key is met, or by later writes,
//! each of which takes a few expired ones away. So no task runs beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connreg::ConnectError;
use connreg::capability::{ScanPage, key_value};
use tokio::time::Instant;

/// How many expired values a write takes away beside its own work.
const SWEPT_BY_A_WRITE: usize = 16;

#[derive(Default)]
pub(super) struct Store(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    // Ordered, so that a scan goes on from any key without keeping a place.
    by_key: BTreeMap<Arc<str>, Entry>,
    by_expiry: BTreeSet<(Instant, Arc<str>)>,
}

struct Entry {
    value: Vec<u8>,
    expires_at: Option<Instant>,
}

impl Entry {
    fn is_live(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

impl Store {
    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let now = Instant::now();
        self.lock().live(key, now).map(|entry| entry.value.clone())
    }

    pub(super) fn set(&self, key: &str, value: &[u8], expiry: Option<Duration>) {
        let now = Instant::now();
        self.lock()
            .put(key, value.to_vec(), end_of(now, expiry), now);
    }

    pub(super) fn set_if_absent(&self, key: &str, value: &[u8], expiry: Option<Duration>) -> bool {
        let now = Instant::now();
        let mut entries = self.lock();
        let absent = entries.live(key, now).is_none();
        if absent {
            entries.put(key, value.to_vec(), end_of(now, expiry), now);
        }
        absent
    }

    pub(super) fn compare_and_swap(&self, key: &str, expected: Option<&[u8]>, new: &[u8]) -> bool {
        let now = Instant::now();
        let mut entries = self.lock();
        let found = entries.live(key, now);
        let same = found.map(|entry| entry.value.as_slice()) == expected;
        let expires_at = found.and_then(|entry| entry.expires_at);
        if same {
            entries.put(key, new.to_vec(), expires_at, now);
        }
        same
    }

    pub(super) fn delete(&self, key: &str) -> bool {
        let now = Instant::now();
        self.lock()
            .remove(key)
            .is_some_and(|entry| entry.is_live(now))
    }

    pub(super) fn increment(&self, key: &str, by: i64) -> Result<i64, ConnectError> {
        let now = Instant::now();
        let mut entries = self.lock();
        let found = entries.live(key, now);
        let sum = key_value::sum(found.map(|entry| entry.value.as_slice()), by)?;
        let expires_at = found.and_then(|entry| entry.expires_at);
        entries.put(key, sum.to_string().into_bytes(), expires_at, now);
        Ok(sum)
    }

    pub(super) fn scan(&self, prefix: &str, cursor: Option<&str>, limit: usize) -> ScanPage {
        let now = Instant::now();
        let limit = limit.clamp(1, key_value::LARGEST_PAGE);
        let from = match cursor {
            Some(cursor) if cursor >= prefix => Bound::Excluded(cursor),
            _ => Bound::Included(prefix),
        };
        let entries = self.lock();
        let mut page = ScanPage::default();
        let found = entries.by_key.range::<str, _>((from, Bound::Unbounded));
        for (seen, (key, entry)) in found
            .take_while(|(key, _)| key.starts_with(prefix))
            .enumerate()
        {
            // Expired ones count, or a page of them would hold the lock for long.
            if seen == limit {
                page.next = entries.before(key);
                break;
            }
            if entry.is_live(now) {
                page.keys.push(key.to_string());
            }
        }
        page
    }

    pub(super) fn clear(&self) {
        *self.lock() = Entries::default();
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Nothing between two changes that belong together can panic but for lack of memory.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn live(&self, key: &str, now: Instant) -> Option<&Entry> {
        self.by_key.get(key).filter(|entry| entry.is_live(now))
    }

    fn put(&mut self, key: &str, value: Vec<u8>, expires_at: Option<Instant>, now: Instant) {
        self.remove(key);
        self.sweep(now);
        let key: Arc<str> = key.into();
        if let Some(end) = expires_at {
            self.by_expiry.insert((end, Arc::clone(&key)));
        }
        self.by_key.insert(key, Entry { value, expires_at });
    }

    fn remove(&mut self, key: &str) -> Option<Entry> {
        let (key, entry) = self.by_key.remove_entry(key)?;
        if let Some(end) = entry.expires_at {
            self.by_expiry.remove(&(end, key));
        }
        Some(entry)
    }

    fn sweep(&mut self, now: Instant) {
        for _ in 0..SWEPT_BY_A_WRITE {
            match self.by_expiry.first() {
                Some((end, _)) if *end <= now => {}
                _ => break,
            }
            if let Some((_, key)) = self.by_expiry.pop_first() {
                self.by_key.remove(&key);
            }
        }
    }

    /// The key that comes before `key`.
    fn before(&self, key: &str) -> Option<String> {
        let mut earlier = self
            .by_key
            .range::<str, _>((Bound::Unbounded, Bound::Excluded(key)));
        earlier.next_back().map(|(key, _)| key.to_string())
    }
}

fn end_of(now: Instant, expiry: Option<Duration>) -> Option<Instant> {
    // What lies beyond the clock's end never comes.
    expiry.and_then(|expiry| now.checked_add(expiry))
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} keys)", self.lock().by_key.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_take_away_what_has_expired() {
        let store = Store::default();
        for n in 0..160 {
            store.set(&n.to_string(), b"x", Some(Duration::from_millis(1)));
        }
        std::thread::sleep(Duration::from_millis(2));
        for _ in 0..160 / SWEPT_BY_A_WRITE {
            store.set("kept", b"x", None);
        }
        let entries = store.lock();
        assert_eq!((entries.by_key.len(), entries.by_expiry.len()), (1, 0));
    }

    #[test]
    fn an_expiry_goes_with_its_value() {
        let store = Store::default();
        let hour = Some(Duration::from_hours(1));
        store.set("replaced", b"x", hour);
        store.set("replaced", b"x", None);
        store.set("deleted", b"x", hour);
        store.delete("deleted");
        store.set("swapped", b"x", hour);
        store.compare_and_swap("swapped", Some(b"x"), b"y");
        let entries = store.lock();
        let expiring: Vec<_> = entries.by_expiry.iter().map(|(_, key)| &**key).collect();
        assert_eq!(expiring, ["swapped"]);
    }
}
