//! How far a replica is behind, told by how far the primary was at which time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So many of the primary's positions are kept; older ones are thinned out.
const KEPT: usize = 128;

/// Where the primary's log had got to, and when that was seen.
#[derive(Debug, Default)]
pub(super) struct Written(VecDeque<(Instant, u64)>);

impl Written {
    /// The primary's log ends at `position` now.
    pub(super) fn note(&mut self, position: u64, now: Instant) {
        // A new primary may be behind where the old one was; what that one wrote does not count any more.
        while self.0.back().is_some_and(|(_, last)| *last > position) {
            self.0.pop_back();
        }
        if self.0.back().is_some_and(|(_, last)| *last == position) {
            return;
        }
        if self.0.len() >= KEPT {
            let mut index = 0;
            self.0.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        self.0.push_back((now, position));
    }

    /// For how long at least the primary has been further than `replayed`.
    pub(super) fn since_beyond(&self, replayed: u64, now: Instant) -> Duration {
        let beyond = self.0.iter().find(|(_, position)| *position > replayed);
        beyond.map_or(Duration::ZERO, |(at, _)| now.saturating_duration_since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_behind_since_the_primary_went_on_without_it() {
        let (mut written, start) = (Written::default(), Instant::now());
        let at = |second| start + Duration::from_secs(second);
        let behind = |written: &Written, replayed, second| {
            written.since_beyond(replayed, at(second)).as_secs()
        };
        assert_eq!(behind(&written, 5, 0), 0, "nothing is known of the primary");
        written.note(10, at(1));
        written.note(10, at(2));
        written.note(20, at(3));
        assert_eq!(behind(&written, 20, 9), 0);
        assert_eq!(behind(&written, 25, 9), 0);
        assert_eq!(behind(&written, 15, 9), 6);
        assert_eq!(behind(&written, 5, 9), 8);
        // After a fail-over that lost the end of the log.
        written.note(12, at(10));
        assert_eq!(behind(&written, 12, 20), 0);
        assert_eq!(behind(&written, 11, 20), 10);
    }

    #[test]
    fn what_is_thinned_out_still_tells_the_age() {
        let (mut written, start) = (Written::default(), Instant::now());
        for position in 1..10_000 {
            written.note(position, start + Duration::from_secs(position));
        }
        assert!(written.0.len() <= KEPT);
        let now = start + Duration::from_secs(10_000);
        assert_eq!(written.since_beyond(0, now).as_secs(), 9_999);
    }
}
