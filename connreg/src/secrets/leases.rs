//! Values that are good for a time: used again until it is time to ask for new ones.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::lookups::{Given, Use};
use super::provider::SecretValue;

/// The values with an end, by what they were looked up by.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<Use, Lease>>);

#[derive(Debug)]
struct Lease {
    given: Given,
    /// When to ask for a new one.
    renew_at: Instant,
    ends_at: Instant,
    /// Somebody was told that it is time.
    told: bool,
}

/// How soon after a failure to ask again, at the least and at the most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));

impl Leases {
    fn all(&self) -> MutexGuard<'_, HashMap<Use, Lease>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `value` if it has an end.
    pub(super) fn keep(&self, wanted: &Use, value: &SecretValue, given: &Given) {
        let Some(lease) = value.expires_in else {
            self.all().remove(wanted);
            return;
        };
        let now = Instant::now();
        // Not all processes that started together shall ask together.
        let share = 0.70 + 0.05 * fastrand::f64();
        // A lease without end is as good as a year's.
        let lease = lease.min(Duration::from_hours(365 * 24));
        let lease = Lease {
            given: given.clone(),
            renew_at: now + lease.mul_f64(share),
            ends_at: now + lease,
            told: false,
        };
        self.all().insert(wanted.clone(), lease);
    }

    /// The value that is still good, and need not be renewed yet.
    pub(super) fn fresh(&self, wanted: &Use) -> Option<Given> {
        let all = self.all();
        let lease = all.get(wanted)?;
        (!lease.told && Instant::now() < lease.renew_at).then(|| lease.given.clone())
    }

    /// The value that has not ended yet, for when a new one can't be had.
    pub(super) fn last(&self, wanted: &Use) -> Option<Given> {
        let all = self.all();
        let lease = all.get(wanted)?;
        (Instant::now() < lease.ends_at).then(|| lease.given.clone())
    }

    /// Forgets a value that is known to be out of date.
    pub(super) fn forget(&self, changed: &Use) {
        self.all().remove(changed);
    }

    /// When the first of `uses` has to be renewed.
    pub(super) fn next(&self, uses: &[Use]) -> Option<Instant> {
        let all = self.all();
        let leases = uses.iter().filter_map(|wanted| all.get(wanted));
        leases.map(|lease| lease.renew_at).min()
    }

    /// Those of `uses` for which it is time; the next look at one that could not be renewed is some time later.
    pub(super) fn due(&self, uses: &[Use]) -> Vec<Use> {
        let (now, mut all) = (Instant::now(), self.all());
        let mut due = Vec::new();
        for wanted in uses {
            if let Some(lease) = all.get_mut(wanted)
                && lease.renew_at <= now
            {
                lease.told = true;
                let left = lease.ends_at.saturating_duration_since(now) / 4;
                lease.renew_at = now + left.clamp(AGAIN.0, AGAIN.1);
                due.push(wanted.clone());
            }
        }
        due
    }
}
