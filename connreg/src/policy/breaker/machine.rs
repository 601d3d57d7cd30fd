//! The breaker's states and what leads from one to the other: no clock, no lock, no back end.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::CircuitBreakerSettings;
use crate::event::BreakerState;

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: BreakerState,
    pub(crate) to: BreakerState,
}

/// Why nothing was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// When something may be let through; unknown while another one is.
    pub(crate) retry_after: Option<Duration>,
}

/// Which admission an outcome belongs to. One that is over counts for nothing.
pub(crate) type Ticket = u64;

#[derive(Debug)]
pub(crate) struct Machine {
    settings: CircuitBreakerSettings,
    phase: Phase,
    /// The last ticket given out; each phase and each probe has one of its own.
    last: Ticket,
}

#[derive(Debug)]
enum Phase {
    Closed {
        ticket: Ticket,
        /// When failures happened, the oldest first.
        failures: VecDeque<Instant>,
    },
    Open {
        until: Instant,
    },
    HalfOpen {
        successes: u32,
        probe: Option<Probe>,
    },
}

#[derive(Debug)]
struct Probe {
    ticket: Ticket,
    /// When it is taken for lost, so that one that never ends keeps nobody out.
    lost_at: Instant,
}

impl Machine {
    pub(crate) fn new(settings: CircuitBreakerSettings) -> Self {
        Self {
            settings,
            phase: Phase::Closed {
                ticket: 1,
                failures: VecDeque::new(),
            },
            last: 1,
        }
    }

    pub(crate) fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed { .. } => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// The ticket of all who are let through while it is closed.
    pub(crate) fn closed_ticket(&self) -> Option<Ticket> {
        match self.phase {
            Phase::Closed { ticket, .. } => Some(ticket),
            _ => None,
        }
    }

    /// Lets work through, or says why not.
    pub(crate) fn acquire(&mut self, now: Instant) -> Result<(Ticket, Option<Change>), Rejection> {
        let before = self.state();
        match &mut self.phase {
            Phase::Closed { ticket, .. } => return Ok((*ticket, None)),
            Phase::Open { until } if now < *until => {
                return Err(Rejection {
                    retry_after: Some(*until - now),
                });
            }
            Phase::HalfOpen {
                probe: Some(probe), ..
            } if now < probe.lost_at => return Err(Rejection { retry_after: None }),
            Phase::Open { .. } => {
                self.phase = Phase::HalfOpen {
                    successes: 0,
                    probe: None,
                };
            }
            Phase::HalfOpen { .. } => {}
        }
        let ticket = self.next_ticket();
        let lost_at = now + self.settings.recovery_timeout;
        if let Phase::HalfOpen { probe, .. } = &mut self.phase {
            *probe = Some(Probe { ticket, lost_at });
        }
        Ok((ticket, self.changed_from(before)))
    }

    pub(crate) fn succeeded(&mut self, ticket: Ticket) -> Option<Change> {
        let before = self.state();
        if let Phase::HalfOpen { successes, probe } = &mut self.phase
            && probe.as_ref().is_some_and(|probe| probe.ticket == ticket)
        {
            *probe = None;
            *successes += 1;
            if *successes >= self.settings.success_threshold {
                let ticket = self.next_ticket();
                let failures = VecDeque::new();
                self.phase = Phase::Closed { ticket, failures };
            }
        }
        self.changed_from(before)
    }

    pub(crate) fn failed(&mut self, ticket: Ticket, now: Instant) -> Option<Change> {
        let before = self.state();
        let opens = match &mut self.phase {
            Phase::Closed {
                ticket: current,
                failures,
            } if *current == ticket => {
                // Whoever was later to take the lock may have looked at the clock before.
                let at = failures.back().map_or(now, |last| now.max(*last));
                let window = self.settings.failure_window;
                while failures.front().is_some_and(|first| at - *first >= window) {
                    failures.pop_front();
                }
                failures.push_back(at);
                failures.len() >= self.settings.failure_threshold as usize
            }
            Phase::HalfOpen {
                probe: Some(probe), ..
            } => probe.ticket == ticket,
            _ => false,
        };
        if opens {
            let until = now + self.settings.recovery_timeout;
            self.phase = Phase::Open { until };
        }
        self.changed_from(before)
    }

    /// The work ended without an outcome: the next one may go.
    pub(crate) fn given_back(&mut self, ticket: Ticket) {
        if let Phase::HalfOpen { probe, .. } = &mut self.phase
            && probe.as_ref().is_some_and(|probe| probe.ticket == ticket)
        {
            *probe = None;
        }
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last += 1;
        self.last
    }

    fn changed_from(&self, from: BreakerState) -> Option<Change> {
        let to = self.state();
        (from != to).then_some(Change { from, to })
    }
}
