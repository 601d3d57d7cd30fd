//! Taking over what a reload has prepared.

use std::sync::Arc;

use super::slot::{AnyOpen, AnySlot};
use crate::event::EventKind;
use crate::lifecycle::State;

impl dyn AnySlot {
    /// Takes over context, settings and client of `staged`, a slot of the same type that stands for this one from now
    /// on; gives back the client before.
    pub(crate) fn take_over(self: &Arc<Self>, staged: &Arc<Self>) -> Option<Arc<dyn AnyOpen>> {
        let staged_core = Arc::clone(staged.core());
        let core = self.core();
        // Both gates are held, in this order: whoever comes to the staged one after this finds the successor.
        let mut staged_gate = staged_core.gate();
        let mut gate = core.gate();
        if gate.closing().is_some() {
            return None;
        }
        staged_gate.reloaded();
        gate.reloaded();
        core.set_context(staged_core.context());
        let before = Arc::clone(self).adopt(Arc::clone(staged));
        core.next_generation();
        if self.opened().is_some() {
            core.lifecycle.connected();
            core.enter(State::Connected);
            core.emit(EventKind::Opened);
        } else {
            core.lifecycle.begin_anew();
            core.enter(State::Initialized);
        }
        drop((gate, staged_gate));
        core.forget_views();
        before
    }
}
