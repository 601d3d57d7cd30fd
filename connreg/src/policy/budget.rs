//! How many retries may be under way at a time: a share of the work, so that retries don't keep a server down.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::RetryBudgetSettings;

/// Counts the retries under way.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    retrying: AtomicUsize,
}

impl RetryBudget {
    /// Leave for one retry, with `executing` operations in flight; given back when dropped.
    pub(crate) fn spend(
        &self,
        settings: &RetryBudgetSettings,
        executing: usize,
    ) -> Option<Spent<'_>> {
        let most = most(settings, executing);
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

/// How many retries may be under way beside `executing` operations.
fn most(settings: &RetryBudgetSettings, executing: usize) -> usize {
    if !settings.enabled {
        return usize::MAX;
    }
    // A ratio is at most 1, so that nothing is cut off.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "operations in flight are counted in thousands, and a ratio is never negative"
    )]
    let share = (executing as f64 * settings.ratio) as usize;
    share.max(settings.min_concurrent as usize)
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
        let settings = RetryBudgetSettings::default();
        for (executing, most) in [(0, 3), (1, 3), (15, 3), (20, 4), (100, 20)] {
            let budget = RetryBudget::default();
            let spent: Vec<_> = (0..most)
                .map(|_| {
                    budget
                        .spend(&settings, executing)
                        .expect("within the budget")
                })
                .collect();
            assert!(budget.spend(&settings, executing).is_none(), "{executing}");
            drop(spent);
            assert_eq!(budget.retrying(), 0);
        }
        let off = RetryBudgetSettings {
            enabled: false,
            ..settings
        };
        assert_eq!(most(&off, 0), usize::MAX);
    }
}
