//! Closing: nothing begins any more, what is under way is waited for, then the client ends in good order.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::slot::AnySlot;
use super::untyped::Closing;
use crate::event::EventKind;
use crate::lifecycle::State;

/// How the closing of one connection went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClosedConnection {
    /// The connection's name, as it was configured.
    pub name: String,
    /// Whether everything that was under way came to its end, and the client to its own.
    pub drained: bool,
    /// How many operations and leases were cut off at the deadline.
    pub cut_off: usize,
    /// How long it took.
    pub took: Duration,
}

impl dyn AnySlot {
    /// Closes for good. Past `deadline`, what is under way is cut off.
    pub(crate) async fn close(
        self: Arc<Self>,
        closing: Closing,
        deadline: Instant,
    ) -> ClosedConnection {
        let started = Instant::now();
        let core = self.core();
        let report = |drained, cut_off| ClosedConnection {
            name: core.name().to_string(),
            drained,
            cut_off,
            took: started.elapsed(),
        };
        let open = {
            let mut gate = core.gate();
            if !gate.close(closing) {
                return report(true, 0);
            }
            core.activity.stop();
            let open = self.replace(None);
            core.next_generation();
            core.enter(State::Closed);
            core.emit(EventKind::Closed);
            open
        };
        let ended = async {
            core.activity.drained().await;
            if let Some(open) = &open {
                Arc::clone(open).close().await;
            }
        };
        let drained = timeout_at(deadline, ended).await.is_ok();
        let leases = || open.as_ref()?.statistics().map(|pool| pool.active as usize);
        // A lease that an operation holds is that operation's.
        let cut_off = if drained {
            0
        } else {
            core.executing().max(leases().unwrap_or(0))
        };
        let report = report(drained, cut_off);
        if drained {
            tracing::info!(connection = %core.name(), took = ?report.took, "closed");
        } else {
            tracing::warn!(connection = %core.name(), took = ?report.took, cut_off, "closed before its work was done");
        }
        report
    }
}
