//! How many retries may be under way at a time: a share of the work, so that retries don't keep a server down.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Retries allowed whatever the load.
const AT_LEAST: usize = 3;

/// One retry for as many operations in flight: 20 %.
const OPERATIONS_PER_RETRY: usize = 5;

/// Counts the retries under way.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    retrying: AtomicUsize,
}

impl RetryBudget {
    /// Leave for one retry, with `executing` operations in flight; given back when dropped.
    pub(crate) fn spend(&self, executing: usize) -> Option<Spent<'_>> {
        let most = (executing / OPERATIONS_PER_RETRY).max(AT_LEAST);
        let spend = |retrying| (retrying < most).then_some(retrying + 1);
        self.retrying
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, spend)
            .ok()
            .map(|_| Spent(self))
    }

    /// How many retries are under way.
    #[cfg(test)]
    pub(crate) fn retrying(&self) -> usize {
        self.retrying.load(Ordering::Acquire)
    }
}

/// One retry's part of the budget: from the delay before it to its end.
#[derive(Debug)]
pub(crate) struct Spent<'a>(&'a RetryBudget);

impl Drop for Spent<'_> {
    fn drop(&mut self) {
        self.0.retrying.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_or_a_fifth_of_the_work_in_flight() {
        for (executing, most) in [(0, 3), (1, 3), (15, 3), (20, 4), (100, 20)] {
            let budget = RetryBudget::default();
            let spent: Vec<_> = (0..most)
                .map(|_| budget.spend(executing).expect("within the budget"))
                .collect();
            assert!(budget.spend(executing).is_none(), "{executing}");
            drop(spent);
            assert_eq!(budget.retrying(), 0);
        }
    }
}
