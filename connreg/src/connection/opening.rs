//! Opening: one attempt at a time, whose outcome all who wait share; a pause after one that failed.
//!
//! A thousand first users make one attempt. It runs in a task of its own, so that no user's leaving ends it, and
//! everybody waits for it with a deadline. While a connection is known to be down, its users are told so at once.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use super::slot::{AnyOpen, AnySlot};
use super::untyped::{Closing, Core};
use crate::backoff::Backoff;
use crate::context::Context;
use crate::error::{ConnectError, Error, ErrorKind};
use crate::event::EventKind;
use crate::lifecycle::State;
use crate::observe;

/// What a waiter waits beyond the attempt's own deadline, for a back end that holds its thread.
const GRACE: Duration = Duration::from_millis(50);

/// What a server may ask for at the most.
const LONGEST_DELAY: Duration = Duration::from_hours(365 * 24);

/// How soon a client that seems to work again is looked at again.
const CONFIRM: Duration = Duration::from_secs(1);

/// Who may open, and who is at it.
#[derive(Default)]
pub(super) struct Gate {
    closing: Option<Closing>,
    attempt: Option<Attempt>,
    /// Counts the reloads: an attempt begun before one has outdated settings.
    epoch: u64,
    /// What is known from attempts that failed since the last that did not.
    down: Option<Box<Down>>,
}

struct Attempt {
    outcome: watch::Receiver<Option<Outcome>>,
    task: AbortHandle,
    /// Begun by the health monitor rather than by somebody who needs the client.
    background: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
enum Outcome {
    Opened,
    Failed(Error),
    /// A reload came in between: look again.
    Outdated,
}

/// A connection that could not be opened.
struct Down {
    error: Error,
    at: Instant,
    /// When the next attempt may be made; `None`: not before somebody asks for it or the configuration changes.
    next: Option<Instant>,
    backoff: Backoff,
    /// How often it has failed since it last worked.
    attempts: u32,
    /// How often the credential was refused.
    refused: u32,
}

/// Who wants the connection opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Somebody with work to do, who is told at once when it is known to be down.
    User,
    /// Somebody who wants it tried now.
    Explicit,
    /// The health monitor.
    Monitor,
}

impl Gate {
    pub(super) fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// Lets nobody open it any more; ends an attempt under way. `false`: it was closed already.
    pub(super) fn close(&mut self, closing: Closing) -> bool {
        if self.closing.is_some() {
            return false;
        }
        self.closing = Some(closing);
        if let Some(attempt) = &self.attempt {
            attempt.task.abort();
        }
        true
    }

    /// Forgets what the settings before a reload have led to.
    pub(super) fn reloaded(&mut self) {
        self.epoch += 1;
        self.down = None;
        if let Some(attempt) = self.attempt.take() {
            attempt.task.abort();
        }
    }

    /// Forgets failures: the client that is there works.
    pub(super) fn works(&mut self) {
        self.down = None;
    }

    pub(super) fn is_attempting(&self) -> bool {
        self.attempt.is_some()
    }

    /// The client that is there does not work.
    pub(super) fn fails(&mut self, error: &Error) {
        // Attempts to open count for themselves.
        if self.down.is_none() {
            self.down = Some(Box::new(Down::after(None, error, Instant::now())));
        }
    }

    /// The client that is there has been asked again and does not work yet.
    pub(super) fn fails_again(&mut self, error: &Error) {
        // It keeps to the number of tries by itself, and takes up another credential.
        let before = self.down.take().map(|down| Down {
            refused: 0,
            ..*down
        });
        self.down = Some(Box::new(Down::after(before, error, Instant::now())));
    }

    /// The client that is there works again, which has yet to be confirmed.
    pub(super) fn recovers(&mut self) {
        if let Some(down) = &mut self.down {
            down.next = Some(Instant::now() + CONFIRM);
        }
    }

    /// When somebody may try again who was told that it is down; `None`: it is not down, or only a person can help.
    pub(super) fn next_attempt(&self) -> Option<Instant> {
        self.down.as_ref()?.next
    }

    /// Whether nothing is to be expected of it at the moment.
    pub(super) fn is_down(&self) -> bool {
        self.down.is_some()
    }
}

/// What the health monitor can do for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// Nobody has opened it, it is being opened, it is closed, or only a person can help.
    Nothing,
    /// Have its client, the one of this generation, checked from time to time.
    Check {
        /// Counts the clients.
        generation: u64,
    },
    /// Bring it back.
    Reopen {
        /// Not before.
        at: Instant,
        /// The number of the attempt, from 1.
        attempt: u32,
    },
}

impl Down {
    /// The next one after `before`.
    fn after(before: Option<Self>, error: &Error, now: Instant) -> Self {
        let (mut backoff, attempts, refused) = match before {
            Some(before) => (before.backoff, before.attempts, before.refused),
            None => (Backoff::RECONNECT, 0, 0),
        };
        let refused = refused + u32::from(error.kind() == ErrorKind::Authentication);
        let delay = match error.kind() {
            ErrorKind::Authentication if refused >= Backoff::CREDENTIAL_TRIES => None,
            ErrorKind::Authentication => Some(Backoff::CREDENTIAL_PAUSE),
            // The server's word counts, where it gave one.
            kind => Some(backoff.delay_after(kind, error.retry_after())),
        };
        Self {
            error: error.clone(),
            at: now,
            next: delay.map(|delay| now + LONGEST_DELAY.min(delay)),
            backoff,
            attempts: attempts.saturating_add(1),
            refused,
        }
    }

    /// What a user is told who comes before the next attempt.
    fn error(&self, now: Instant) -> ConnectError {
        let ago = humantime::format_duration(whole_millis(now - self.at));
        let refused = self.refused;
        let error = if let Some(next) = self.next {
            let left = next.saturating_duration_since(now);
            let shown = humantime::format_duration(whole_millis(left));
            let message = format!("known to be down: it failed {ago} ago, next attempt in {shown}");
            ConnectError::new(self.error.kind(), message).with_retry_after(left)
        } else {
            let message = format!("the credential was refused {refused} times, last {ago} ago");
            ConnectError::new(self.error.kind(), message).with_help(
                "change it and reload; to have it tried again as it is, call `reconnect`",
            )
        };
        error
            .with_transient(self.error.is_transient())
            .with_source(self.error.clone())
    }
}

fn whole_millis(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

impl dyn AnySlot {
    /// What the health monitor can do for it.
    pub(crate) fn prospect(&self) -> Prospect {
        let core = self.core();
        let gate = core.gate();
        if gate.closing.is_some() || gate.attempt.is_some() {
            return Prospect::Nothing;
        }
        match &gate.down {
            Some(down) => down.next.map_or(Prospect::Nothing, |at| Prospect::Reopen {
                at,
                attempt: down.attempts,
            }),
            None if self.opened().is_some() => Prospect::Check {
                generation: core.generation(),
            },
            None => Prospect::Nothing,
        }
    }

    /// Whether it is known not to work.
    pub(crate) fn is_down(&self) -> bool {
        let gate = self.core().gate();
        gate.closing.is_some() || gate.is_down()
    }

    /// Opens the connection unless it is open.
    pub(crate) async fn open(self: &Arc<Self>, asker: Asker) -> Result<(), Error> {
        self.attempt(asker, true).await
    }

    /// Opens a new client, whether there is one or not.
    pub(crate) async fn reconnect(self: &Arc<Self>, asker: Asker) -> Result<(), Error> {
        self.attempt(asker, false).await
    }

    async fn attempt(self: &Arc<Self>, asker: Asker, unless_open: bool) -> Result<(), Error> {
        loop {
            let outcome = {
                let core = Arc::clone(self.core());
                let gate = core.gate();
                // A reload may have put another slot in this one's place before the gate was ours.
                if !Arc::ptr_eq(&core, self.core()) {
                    continue;
                }
                // Somebody may have opened it between the caller's look and now.
                if unless_open && gate.closing.is_none() && self.opened().is_some() {
                    return Ok(());
                }
                self.join(gate, asker)?
            };
            match self.wait(outcome).await {
                Outcome::Opened => return Ok(()),
                Outcome::Failed(error) => return Err(error),
                Outcome::Outdated => {}
            }
        }
    }

    /// The attempt under way, or a new one.
    fn join(
        self: &Arc<Self>,
        mut gate: MutexGuard<'_, Gate>,
        asker: Asker,
    ) -> Result<watch::Receiver<Option<Outcome>>, Error> {
        let core = self.core();
        if let Some(closing) = gate.closing {
            return Err(core.error(closing.error(), "connect"));
        }
        if asker == Asker::User
            && let Some(down) = &gate.down
        {
            let now = Instant::now();
            let tried = gate
                .attempt
                .as_ref()
                .is_some_and(|attempt| attempt.background);
            if tried || down.next.is_none_or(|next| now < next) {
                return Err(core.error(down.error(now), "connect"));
            }
        }
        if let Some(attempt) = &gate.attempt {
            return Ok(attempt.outcome.clone());
        }
        let Ok(runtime) = Handle::try_current() else {
            let error = ConnectError::new(ErrorKind::Configuration, "there is no Tokio runtime")
                .with_help("call it from within one, such as a function with `#[tokio::main]`");
            return Err(core.error(error, "connect"));
        };
        let (told, outcome) = watch::channel(None);
        core.enter(State::Connecting);
        let ending = Ending {
            slot: Arc::clone(self),
            core: Arc::clone(core),
            context: core.context(),
            epoch: gate.epoch,
            told,
            settled: false,
        };
        let task = runtime.spawn(ending.run()).abort_handle();
        gate.attempt = Some(Attempt {
            outcome: outcome.clone(),
            task,
            background: asker == Asker::Monitor,
        });
        Ok(outcome)
    }

    async fn wait(&self, mut outcome: watch::Receiver<Option<Outcome>>) -> Outcome {
        let limit = self.core().context().connect_timeout();
        let told = timeout(limit + GRACE, outcome.wait_for(Option::is_some)).await;
        let core = self.core();
        match told {
            Ok(Ok(outcome)) => match &*outcome {
                Some(outcome) => outcome.clone(),
                None => Outcome::Failed(core.closed_error()),
            },
            Ok(Err(_)) => Outcome::Failed(core.closed_error()),
            Err(_) => Outcome::Failed(core.timeout_error("could not be opened", "connect", limit)),
        }
    }
}

/// An attempt's task: whatever ends it, an outcome is told.
struct Ending {
    slot: Arc<dyn AnySlot>,
    core: Arc<Core>,
    context: Context,
    epoch: u64,
    told: watch::Sender<Option<Outcome>>,
    settled: bool,
}

impl Ending {
    async fn run(mut self) {
        let limit = self.context.connect_timeout();
        let started = Instant::now();
        let connecting = self.slot.connect(self.context.clone());
        let result = match timeout(limit, connecting).await {
            Ok(Ok(open)) => Ok(open),
            Ok(Err(error)) => Err(self.core.error(error, "connect")),
            Err(_) => Err(self
                .core
                .timeout_error("could not be opened", "connect", limit)),
        };
        let kind = result.as_ref().err().map(Error::kind);
        let core = &self.core;
        observe::attempted(core.name(), core.connection_type(), started.elapsed(), kind);
        self.tell(result);
    }

    fn tell(&mut self, result: Result<Arc<dyn AnyOpen>, Error>) {
        self.settled = true;
        let outcome = self.settle(result);
        self.told.send_replace(Some(outcome));
    }

    /// Puts the new client in place or says why there is none.
    fn settle(&self, result: Result<Arc<dyn AnyOpen>, Error>) -> Outcome {
        let core = &self.core;
        let mut gate = core.gate();
        if gate.epoch != self.epoch {
            // Dropping the client closes it.
            return Outcome::Outdated;
        }
        gate.attempt = None;
        if let Some(closing) = gate.closing {
            return Outcome::Failed(core.error(closing.error(), "connect"));
        }
        match result {
            Ok(open) => {
                gate.down = None;
                let replaced = self.slot.replace(Some(open));
                core.next_generation();
                core.lifecycle.connected();
                core.enter(State::Connected);
                core.emit(EventKind::Opened);
                drop(gate);
                core.wake_monitor();
                core.forget_views();
                drop(replaced);
                tracing::info!(connection = %core.name(), "connected");
                Outcome::Opened
            }
            Err(error) => {
                let before = gate.down.take().map(|down| *down);
                gate.down = Some(Box::new(Down::after(before, &error, Instant::now())));
                core.lifecycle.failed(&error);
                core.enter(if self.slot.opened().is_some() {
                    State::Unhealthy
                } else {
                    State::Failed
                });
                core.emit(EventKind::Error {
                    error: error.clone(),
                });
                drop(gate);
                if error.kind() == ErrorKind::Authentication {
                    core.credential_refused();
                }
                core.wake_monitor();
                tracing::warn!(connection = %core.name(), %error, "not connected");
                Outcome::Failed(error)
            }
        }
    }
}

impl Drop for Ending {
    /// The back end panicked, the connection was closed or reloaded, or the runtime is shutting down.
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let error = if std::thread::panicking() {
            let error = ConnectError::new(ErrorKind::Other, "the back end panicked")
                .with_help("this is a bug in the back end; its panic message says where");
            self.core.error(error, "connect")
        } else {
            self.core.closed_error()
        };
        self.tell(Err(error));
    }
}
