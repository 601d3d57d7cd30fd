//! The machine behind a lock, with a word beside it that lets work through a closed breaker without one.

use tokio::time::Instant;

use super::CircuitBreakerSettings;
use super::machine::{Change, Machine, Rejection, Ticket};
use super::sync::{Locked, Primitives, Word};
use crate::event::BreakerState;

/// What stands in the word while the breaker is not closed; tickets begin at 1.
const NOT_CLOSED: u64 = 0;

#[derive(Debug)]
pub(crate) struct Core<P: Primitives> {
    /// The ticket of the closed phase.
    closed: P::Word,
    machine: P::Locked,
}

/// Leave for one piece of work; one that is dropped without an outcome counts as neither.
#[derive(Debug)]
pub(crate) struct Admission<'a, P: Primitives> {
    core: &'a Core<P>,
    ticket: Ticket,
    /// Whether it is the one that a half-open breaker lets through.
    probe: bool,
}

impl<P: Primitives> Core<P> {
    pub(crate) fn new(settings: CircuitBreakerSettings) -> Self {
        let machine = Machine::new(settings);
        Self {
            closed: P::Word::new(machine.closed_ticket().unwrap_or(NOT_CLOSED)),
            machine: P::Locked::new(machine),
        }
    }

    pub(crate) fn state(&self) -> BreakerState {
        self.machine.with(|machine| machine.state())
    }

    /// `now` is asked for only where it counts.
    #[inline]
    pub(crate) fn acquire(
        &self,
        now: impl FnOnce() -> Instant,
    ) -> Result<(Admission<'_, P>, Option<Change>), Rejection> {
        let ticket = self.closed.load();
        if ticket != NOT_CLOSED {
            let admission = Admission {
                core: self,
                ticket,
                probe: false,
            };
            return Ok((admission, None));
        }
        self.acquire_slowly(now())
    }

    #[cold]
    fn acquire_slowly(
        &self,
        now: Instant,
    ) -> Result<(Admission<'_, P>, Option<Change>), Rejection> {
        let (ticket, probe, change) = self.machine.with(|machine| {
            let (ticket, change) = machine.acquire(now)?;
            // Another's success may have closed it since the word was read.
            Ok((ticket, machine.closed_ticket().is_none(), change))
        })?;
        let admission = Admission {
            core: self,
            ticket,
            probe,
        };
        Ok((admission, change))
    }

    fn update(&self, act: impl FnOnce(&mut Machine) -> Option<Change>) -> Option<Change> {
        self.machine.with(|machine| {
            let change = act(machine);
            if change.is_some() {
                self.closed
                    .store(machine.closed_ticket().unwrap_or(NOT_CLOSED));
            }
            change
        })
    }
}

impl<P: Primitives> Admission<'_, P> {
    pub(crate) fn is_probe(&self) -> bool {
        self.probe
    }

    #[inline]
    pub(crate) fn succeeded(mut self) -> Option<Change> {
        // A success while it is closed changes nothing: failures alone count.
        if !self.probe {
            return None;
        }
        self.probe = false;
        self.core.update(|machine| machine.succeeded(self.ticket))
    }

    pub(crate) fn failed(mut self, now: Instant) -> Option<Change> {
        self.probe = false;
        self.core.update(|machine| machine.failed(self.ticket, now))
    }
}

impl<P: Primitives> Drop for Admission<'_, P> {
    #[inline]
    fn drop(&mut self) {
        if self.probe {
            self.core
                .machine
                .with(|machine| machine.given_back(self.ticket));
        }
    }
}
