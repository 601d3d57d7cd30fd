//! The health monitor: one task that has open connections checked, and brings back those that are down.
//!
//! It never opens what nobody has opened. Each check and each attempt is a task of its own with a deadline, so that
//! one that hangs holds up no other.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Inner;
use super::refresh::refresh;
use super::set::Set;
use crate::connection::{AnySlot, Prospect};
use crate::event::EventKind;

/// The longest time without a look.
const LOOK: Duration = Duration::from_secs(30);

/// How often it is looked whether a connection that another waits for is back.
const WAIT: Duration = Duration::from_secs(1);

/// How soon after a check another one begins where operations find the server gone (SDAM's `minHeartbeatFrequencyMS`).
const SUSPICION: Duration = Duration::from_millis(500);

/// At most so many connections are reopened within one [`WINDOW`]: after an outage a thousand don't come back in the
/// same instant.
const REOPENED: u32 = 10;
const WINDOW: Duration = Duration::from_millis(100);

/// Begins to look after `inner`, until it is gone.
pub(super) fn start(inner: &Arc<Inner>) {
    let hub = Arc::clone(&inner.hub);
    let inner = Arc::downgrade(inner);
    tokio::spawn(async move {
        let mut monitor = Monitor::default();
        while let Some(next) = monitor.look(&inner) {
            // Woken early or not, it looks again.
            let _ = timeout_at(next, hub.changed()).await;
        }
    });
}

/// What is planned for each connection, by its number.
#[derive(Default)]
struct Monitor {
    plans: HashMap<u64, Plan>,
    window: Option<(Instant, u32)>,
}

#[derive(Default)]
struct Plan {
    /// When the open client is checked next, and the client's generation.
    check: Option<(Instant, u64)>,
    /// When the last check began.
    checked_at: Option<Instant>,
    /// The attempt that was announced last.
    announced: u32,
}

impl Monitor {
    /// Begins what is due; gives back when to look again. `None`: the connections are gone or closed.
    fn look(&mut self, inner: &Weak<Inner>) -> Option<Instant> {
        let inner = inner.upgrade()?;
        if inner.is_closed() {
            return None;
        }
        let set = inner.set.load_full();
        let now = Instant::now();
        let mut next = now + LOOK;
        let mut refused = Vec::new();
        let mut plans = HashMap::with_capacity(self.plans.len());
        for (position, slot) in set.slots().enumerate() {
            let core = slot.core();
            let mut plan = self.plans.remove(&core.id()).unwrap_or_default();
            if core.take_refusal() {
                refused.push(Arc::clone(core.name()));
            }
            if core.context().policy().health_check.enabled && !core.is_probing() {
                let due = match slot.prospect() {
                    Prospect::Nothing => None,
                    Prospect::Check { generation } => {
                        core.forget_return();
                        Some(plan.check(slot, generation, now))
                    }
                    Prospect::Reopen { at, attempt } => {
                        let at = if core.is_back() { now } else { at };
                        Some(self.reopen(&mut plan, &set, position, (at, attempt), now))
                    }
                };
                next = due.map_or(next, |due| due.min(next));
            }
            if !plan.is_empty() {
                plans.insert(core.id(), plan);
            }
        }
        self.plans = plans;
        if !refused.is_empty() {
            tokio::spawn(refresh(inner, refused));
        }
        Some(next)
    }

    /// Tries to bring a connection back if it is time; gives back when to look again.
    fn reopen(
        &mut self,
        plan: &mut Plan,
        set: &Set,
        position: usize,
        (at, attempt): (Instant, u32),
        now: Instant,
    ) -> Instant {
        let slot = &set.members[position].slot;
        // What it uses must be back first.
        if set.needs(position).any(|needed| needed.is_down()) {
            return now + WAIT;
        }
        if plan.announced != attempt {
            plan.announced = attempt;
            let delay = at.saturating_duration_since(now);
            slot.core().emit(EventKind::Reconnecting { attempt, delay });
        }
        if now < at {
            return at;
        }
        let (since, begun) = self
            .window
            .filter(|(since, _)| now < *since + WINDOW)
            .unwrap_or((now, 0));
        if begun >= REOPENED {
            return since + WINDOW;
        }
        self.window = Some((since, begun + 1));
        slot.core().forget_return();
        probe(slot, |slot| async move { slot.bring_back().await });
        now + LOOK
    }
}

impl Plan {
    /// Nobody has opened the connection.
    fn is_empty(&self) -> bool {
        self.check.is_none() && self.announced == 0
    }

    /// Checks the client if it is time; gives back when it is time.
    fn check(&mut self, slot: &Arc<dyn AnySlot>, generation: u64, now: Instant) -> Instant {
        self.announced = 0;
        let interval = || {
            let interval = slot.core().context().policy().health_check.interval;
            // Give or take a tenth.
            interval.mul_f64(0.9 + 0.2 * fastrand::f64())
        };
        let planned = self.check.filter(|(_, planned)| *planned == generation);
        let (mut at, _) = planned.unwrap_or_else(|| (now + interval(), generation));
        if slot.core().is_suspected() {
            at = at.min(self.checked_at.map_or(now, |last| last + SUSPICION));
        }
        if at <= now {
            self.checked_at = Some(now);
            probe(slot, |slot| async move { drop(slot.check_open().await) });
            at = now + interval();
        }
        self.check = Some((at, generation));
        at
    }
}

/// Runs `work` beside the monitor, one at a time for each connection.
fn probe<F: Future<Output = ()> + Send + 'static>(
    slot: &Arc<dyn AnySlot>,
    work: impl FnOnce(Arc<dyn AnySlot>) -> F,
) {
    let probing = slot.core().probe();
    let work = work(Arc::clone(slot));
    tokio::spawn(async move {
        work.await;
        // Wakes the monitor, whatever ended the work.
        drop(probing);
    });
}
