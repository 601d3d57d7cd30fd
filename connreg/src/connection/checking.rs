//! Checking: one round trip with a deadline, and what its outcome means for the state.

use std::sync::Arc;

use tokio::time::{Instant, timeout};

use super::opening::Asker;
use super::slot::AnySlot;
use crate::error::{Error, ErrorKind};
use crate::event::EventKind;
use crate::lifecycle::State;
#[cfg(feature = "testing")]
use crate::testing::{Call, around};

impl dyn AnySlot {
    /// Checks the open client, opening it first if need be.
    pub(crate) async fn check(self: &Arc<Self>) -> Result<(), Error> {
        self.open(Asker::Explicit).await?;
        match self.check_open().await {
            Some(result) => result,
            None => Err(self.core().closed_error()),
        }
    }

    /// Checks the client if there is one.
    pub(crate) async fn check_open(self: &Arc<Self>) -> Option<Result<(), Error>> {
        let core = self.core();
        let generation = core.generation();
        let open = self.opened()?;
        let context = core.context();
        let was_suspected = core.take_suspicion();
        let limit = context.policy().health_check.timeout;
        let started = Instant::now();
        #[cfg(not(feature = "testing"))]
        let checking = open.check();
        #[cfg(feature = "testing")]
        let checking = around(core.faults(), Call::Check, || open.check(), |error| error);
        let result = match timeout(limit, checking).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(core.error(error, "check")),
            Err(_) => Err(core.timeout_error("the server did not answer", "check", limit)),
        };
        let took = started.elapsed();
        let mut gate = core.gate();
        // What is learnt of a client that is gone says nothing of the one that is there.
        if core.generation() == generation {
            let settings = &context.policy().health_check;
            let streak = core.lifecycle.checked(result.as_ref().err(), took);
            match &result {
                Ok(()) if streak >= settings.success_threshold => {
                    gate.works();
                    if !gate.is_attempting() {
                        core.enter(State::Connected);
                    }
                }
                Ok(()) => gate.recovers(),
                Err(error) if streak >= settings.failure_threshold && !gate.is_attempting() => {
                    gate.fails(error);
                    core.enter(State::Unhealthy);
                }
                // One failure may have been its own: soon there will be certainty.
                Err(_) if was_suspected => core.suspect(),
                Err(_) => {}
            }
            if let Err(error) = &result {
                core.emit(EventKind::Error {
                    error: error.clone(),
                });
            }
        }
        drop(gate);
        core.wake_monitor();
        Some(result)
    }

    /// Has a client that is down asked once more, and replaced by a new one if it can't come back by itself.
    pub(crate) async fn bring_back(self: &Arc<Self>) {
        let generation = self.core().generation();
        match self.check_open().await {
            Some(Ok(())) => {}
            // Of a client that has been replaced meanwhile.
            Some(Err(_)) if self.core().generation() != generation => {}
            Some(Err(error)) if self.comes_back_by_itself(error.kind()) => {
                self.core().gate().fails_again(&error);
                self.core().wake_monitor();
            }
            // What it failed of is its state and an event.
            _ => drop(self.reconnect(Asker::Monitor).await),
        }
    }

    /// Whether the client connects again by itself, and a new one would be told the same by the same server.
    fn comes_back_by_itself(&self, kind: ErrorKind) -> bool {
        let has_a_pool = self
            .opened()
            .is_some_and(|open| open.statistics().is_some());
        has_a_pool
            && matches!(
                kind,
                ErrorKind::Dns
                    | ErrorKind::Refused
                    | ErrorKind::Timeout
                    | ErrorKind::Overloaded
                    | ErrorKind::Role
                    | ErrorKind::Authentication
            )
    }
}
