//! Whether and when one operation is tried again: attempts, delays, deadline and budget in one place.

use std::time::Duration;

use tokio::time::Instant;

use super::budget::{RetryBudget, Spent};
use super::delays::Delays;
use super::{Fault, RetryBudgetSettings, RetrySettings};

/// A server's word on when to come back is not waited for longer than this where no deadline says how long to wait.
const LONGEST_HINT: Duration = Duration::from_mins(1);

/// The attempts of one operation.
#[derive(Debug)]
pub(crate) struct Pace<'a> {
    delays: Delays<'a>,
    left: u32,
    deadline: Option<Instant>,
    budget: &'a RetryBudget,
    budget_settings: &'a RetryBudgetSettings,
    /// The retry under way.
    spent: Option<Spent<'a>>,
}

impl<'a> Pace<'a> {
    pub(crate) fn new(
        settings: &'a RetrySettings,
        budget: &'a RetryBudget,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            delays: Delays::new(settings),
            left: if settings.enabled {
                settings.max_attempts.saturating_sub(1)
            } else {
                0
            },
            deadline,
            budget,
            budget_settings: &settings.budget,
            spent: None,
        }
    }

    /// How long to wait before the next attempt; `None`: there is none, the error stands.
    ///
    /// `executing` operations are in flight, which is what the budget is a part of.
    pub(crate) fn after(&mut self, fault: Fault, executing: usize) -> Option<Duration> {
        self.spent = None;
        if self.left == 0 {
            return None;
        }
        let hint = fault.server_delay();
        let delay = self.delays.next(fastrand::f64(), hint);
        match self.deadline {
            // What would begin at the deadline would fail at once, and hide why.
            Some(deadline) if delay >= deadline.saturating_duration_since(Instant::now()) => {
                return None;
            }
            None if hint.is_some_and(|hint| hint > LONGEST_HINT) => return None,
            _ => {}
        }
        self.spent = Some(self.budget.spend(self.budget_settings, executing)?);
        self.left -= 1;
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const REFUSED: Fault = Fault::of(ErrorKind::Refused);

    fn busy(delay: Duration) -> Fault {
        Fault::of(ErrorKind::Overloaded).retry_after(delay)
    }

    #[test]
    fn it_ends_after_the_last_attempt() {
        let (settings, budget) = (RetrySettings::default(), RetryBudget::default());
        let mut pace = Pace::new(&settings, &budget, None);
        assert!(pace.after(REFUSED, 1).is_some());
        assert!(pace.after(REFUSED, 1).is_some());
        assert_eq!(budget.retrying(), 1);
        assert_eq!(pace.after(REFUSED, 1), None);
        assert_eq!(budget.retrying(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn no_delay_reaches_past_the_deadline() {
        let (settings, budget) = (RetrySettings::default(), RetryBudget::default());
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut pace = Pace::new(&settings, &budget, Some(deadline));
        assert_eq!(pace.after(busy(Duration::from_secs(1)), 1), None);
        let soon = Duration::from_millis(999);
        assert_eq!(pace.after(busy(soon), 1), Some(soon));
    }

    #[test]
    fn a_server_that_asks_for_an_hour_ends_it() {
        let (settings, budget) = (RetrySettings::default(), RetryBudget::default());
        let mut pace = Pace::new(&settings, &budget, None);
        assert_eq!(pace.after(busy(Duration::from_hours(1)), 1), None);
        let minute = Duration::from_mins(1);
        assert_eq!(pace.after(busy(minute), 1), Some(minute));
    }

    #[test]
    fn a_spent_budget_ends_it() {
        let (settings, budget) = (RetrySettings::default(), RetryBudget::default());
        let mut paces: Vec<_> = (0..4)
            .map(|_| Pace::new(&settings, &budget, None))
            .collect();
        let mut given = paces
            .iter_mut()
            .map(|pace| pace.after(REFUSED, 4).is_some());
        assert_eq!(given.by_ref().filter(|given| *given).count(), 3);
        drop(paces);
        assert_eq!(budget.retrying(), 0);
    }
}
