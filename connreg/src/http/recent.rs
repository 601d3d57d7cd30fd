//! The events that the page shows: the last ones, without those of attempts that went as the ones before.

use std::collections::VecDeque;

use super::snapshot::{Happened, Trying};

/// How many are kept.
const MOST: usize = 50;

/// The last events, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Happened>);

impl Recent {
    pub(super) fn note(&mut self, happened: Happened) {
        if happened.trying == Trying::Announced {
            self.forget_attempt(&happened.connection);
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(happened);
    }

    /// The newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Happened> {
        self.0.iter().rev()
    }

    /// Forgets the attempt before the one that is about to be announced: a server that is down for long would fill the
    /// list with nothing new. An error of another kind stays.
    fn forget_attempt(&mut self, connection: &str) {
        let is_its = |happened: &&Happened| happened.connection == connection;
        let mut since = None;
        for (index, happened) in self.0.iter().enumerate().rev() {
            match happened.trying {
                _ if !is_its(&happened) => {}
                Trying::No => return,
                Trying::Announced => {
                    since = Some(index);
                    break;
                }
                Trying::UnderWay | Trying::Failed => {}
            }
        }
        let Some(since) = since else { return };
        let failed = |happened: &&Happened| happened.trying == Trying::Failed;
        let before = self.0.range(..since).rev().filter(is_its).find(failed);
        let before = before.map(|happened| happened.how.clone());
        let mut index = 0;
        self.0.retain(|happened| {
            let is_of_attempt = index >= since && is_its(&happened);
            index += 1;
            !is_of_attempt || failed(&happened) && before.as_deref() != Some(&*happened.how)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn happened(connection: &str, what: &'static str, how: &str, trying: Trying) -> Happened {
        Happened {
            at: SystemTime::UNIX_EPOCH,
            connection: connection.to_owned(),
            what,
            how: how.to_owned(),
            trying,
        }
    }

    /// One attempt that fails, and the announcement of the next.
    fn attempt(recent: &mut Recent, connection: &str, error: &str, number: u32) {
        let next = format!("attempt {number}");
        recent.note(happened(
            connection,
            "state",
            "connecting",
            Trying::UnderWay,
        ));
        recent.note(happened(connection, "state", "failed", Trying::UnderWay));
        recent.note(happened(connection, "error", error, Trying::Failed));
        recent.note(happened(
            connection,
            "reconnecting",
            &next,
            Trying::Announced,
        ));
    }

    fn of<'r>(recent: &'r Recent, connection: &str) -> Vec<&'r str> {
        let its = recent.newest().filter(|one| one.connection == connection);
        its.map(|happened| &*happened.how).collect()
    }

    #[test]
    fn attempts_that_go_as_the_ones_before_are_told_once() {
        let mut recent = Recent::default();
        recent.note(happened("other", "opened", "", Trying::No));
        for number in 1..=100 {
            attempt(&mut recent, "down", "refused", number);
            attempt(&mut recent, "also down", "timeout", number);
        }
        let first = ["attempt 100", "refused", "failed", "connecting"];
        assert_eq!(of(&recent, "down"), first);
        assert_eq!(of(&recent, "other").len(), 1, "drowned");

        // What is wrong now is another thing.
        attempt(&mut recent, "down", "authentication", 101);
        attempt(&mut recent, "down", "authentication", 102);
        let then = [
            "attempt 102",
            "authentication",
            "refused",
            "failed",
            "connecting",
        ];
        assert_eq!(of(&recent, "down"), then);
    }

    #[test]
    fn what_came_of_the_last_attempt_stays() {
        let mut recent = Recent::default();
        attempt(&mut recent, "back", "refused", 1);
        recent.note(happened("back", "opened", "", Trying::No));
        attempt(&mut recent, "back", "refused", 1);
        assert_eq!(of(&recent, "back").len(), 9);
    }
}
