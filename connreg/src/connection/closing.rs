//! Closing: nothing begins any more, what is under way is waited for, then the client ends in good order.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::slot::{AnyOpen, AnySlot};
use super::untyped::{Closing, Core};
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

/// A connection that nothing begins on any more; what is under way has not been waited for.
pub(crate) struct Stopped {
    core: Arc<Core>,
    open: Option<Arc<dyn AnyOpen>>,
    since: Instant,
}

impl dyn AnySlot {
    /// Takes the connection out of use for good. `None`: it was closed already.
    pub(crate) fn stop(&self, closing: Closing) -> Option<Stopped> {
        let core = self.core();
        let mut gate = core.gate();
        if !gate.close(closing) {
            return None;
        }
        core.activity.stop();
        let open = self.replace(None);
        core.next_generation();
        core.enter(State::Closed);
        core.emit(EventKind::Closed);
        drop(gate);
        core.forget_views();
        Some(Stopped {
            core: Arc::clone(core),
            open,
            since: Instant::now(),
        })
    }
}

impl Stopped {
    /// Waits for what is under way, then ends the client in good order; past `deadline`, both are cut off.
    pub(crate) async fn end(self, deadline: Instant) -> ClosedConnection {
        let Self { core, open, since } = self;
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
        let took = since.elapsed();
        if drained {
            tracing::info!(connection = %core.name(), ?took, "closed");
        } else {
            tracing::warn!(connection = %core.name(), ?took, cut_off, "closed before its work was done");
        }
        ClosedConnection {
            name: core.name().to_string(),
            drained,
            cut_off,
            took,
        }
    }
}
