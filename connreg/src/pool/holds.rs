//! Which connections are open, who holds which, since when, and when each is to end.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// In no minute do more than a tenth of a pool's connections end; a little more, since each may end a little late.
const SPREAD: Duration = Duration::from_secs(66);

/// How many holders an error names.
const NAMED: usize = 3;

/// The open connections of a pool.
#[derive(Default)]
pub(super) struct Holds(Mutex<Vec<Arc<Hold>>>);

/// One open connection.
pub(super) struct Hold {
    pub(super) expires_at: Instant,
    // One lock for each connection: its holder alone writes it.
    lent: Mutex<Option<Lent>>,
}

#[derive(Clone, Copy)]
struct Lent {
    since: Instant,
    place: &'static Location<'static>,
    warned: bool,
}

/// Who holds a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) place: &'static Location<'static>,
    pub(super) held: Duration,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Duration::from_millis(u64::try_from(self.held.as_millis()).unwrap_or(u64::MAX));
        write!(f, "{} for {}", self.place, humantime::format_duration(held))
    }
}

impl Hold {
    pub(super) fn lend(&self, since: Instant, place: &'static Location<'static>) {
        *self.lock() = Some(Lent {
            since,
            place,
            warned: false,
        });
    }

    pub(super) fn give_back(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Lent>> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holds {
    /// Notes a new connection, which ends after `lifetime` less a random tenth at the most, or earlier where more than
    /// a tenth of the pool would end together.
    pub(super) fn add(&self, lifetime: Duration, max_size: u32) -> Arc<Hold> {
        let now = Instant::now();
        let window = SPREAD.min(lifetime / 30);
        let together = (max_size / 10).max(1) as usize;
        let mut all = self.lock();
        let mut left = lifetime.mul_f64(1.0 - fastrand::f64() / 10.0);
        while left > lifetime / 3 {
            let near = |hold: &&Arc<Hold>| {
                let other = hold.expires_at.saturating_duration_since(now);
                other.abs_diff(left) < window
            };
            if all.iter().filter(near).count() < together {
                break;
            }
            left -= window / 4;
        }
        let hold = Arc::new(Hold {
            expires_at: now + left,
            lent: Mutex::default(),
        });
        all.push(Arc::clone(&hold));
        hold
    }

    pub(super) fn remove(&self, hold: &Arc<Hold>) {
        let mut all = self.lock();
        if let Some(index) = all.iter().position(|other| Arc::ptr_eq(other, hold)) {
            all.swap_remove(index);
        }
    }

    /// When the next connection is to end.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.lock().iter().map(|hold| hold.expires_at).min()
    }

    /// Those who have held a connection for longest, the longest first.
    pub(super) fn oldest(&self) -> Vec<Holder> {
        let now = Instant::now();
        let mut holders: Vec<Holder> = self
            .lock()
            .iter()
            .filter_map(|hold| *hold.lock())
            .map(|lent| lent.holder(now))
            .collect();
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.held));
        holders.truncate(NAMED);
        holders
    }

    /// Those who have held a connection for `limit`, each once, and when the next will have.
    pub(super) fn overdue(&self, limit: Duration) -> (Vec<Holder>, Option<Instant>) {
        let now = Instant::now();
        let (mut overdue, mut next) = (Vec::new(), None::<Instant>);
        for hold in self.lock().iter() {
            let mut lent = hold.lock();
            let Some(lent) = lent.as_mut().filter(|lent| !lent.warned) else {
                continue;
            };
            let due = lent.since + limit;
            if due <= now {
                lent.warned = true;
                overdue.push(lent.holder(now));
            } else {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
        }
        (overdue, next)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Hold>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    fn holder(&self, now: Instant) -> Holder {
        Holder {
            place: self.place,
            held: now.saturating_duration_since(self.since),
        }
    }
}
