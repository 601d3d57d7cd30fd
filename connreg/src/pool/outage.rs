//! Whether the server is known to be down, who finds out that it is back, and when.
//!
//! After a failure to connect, callers are told at once; one prober goes on trying for as long as anybody asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::backoff::Backoff;
use crate::error::{ConnectError, ErrorKind};

/// How often it is looked whether there is another one.
const CREDENTIAL_LOOK: Duration = Duration::from_secs(1);

/// How soon a server that has no room for another connection, and does not say when it will, is asked again.
pub(super) const OVERLOAD_PAUSE: Duration = Duration::from_millis(100);

/// When nobody has asked for this long, the prober ends; whoever asks next tries.
const QUIET: Duration = Duration::from_mins(1);

/// What is known of the server.
#[derive(Default)]
pub(super) struct Outage {
    is_down: AtomicBool,
    state: Mutex<State>,
    /// What the prober waits for has changed.
    changed: Notify,
}

#[derive(Default)]
struct State {
    last: Option<Arc<ConnectError>>,
    backoff: Backoff,
    failed_at: Option<Instant>,
    asked_at: Option<Instant>,
    refused: Option<Refused>,
    is_probing: bool,
    /// Until then one caller tries, the others are told.
    trial_ends: Option<Instant>,
}

/// A credential that the server did not take.
#[derive(Clone, Copy)]
struct Refused {
    version: u64,
    tries: u32,
}

/// What the prober does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    Try,
    /// A caller is at it, or the credential was refused too often or too recently.
    Wait,
    Stop,
}

impl Outage {
    /// Whether the last attempt failed and nothing has succeeded since.
    pub(super) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Acquire)
    }

    /// Why a connection that a caller wants is not even tried: the server is down, and no caller is to find out.
    pub(super) fn refusal(&self) -> Option<Arc<ConnectError>> {
        if !self.is_down() {
            return None;
        }
        let state = self.lock();
        match state.trial_ends {
            Some(_) => None,
            None => state.last.clone(),
        }
    }

    /// Why no attempt is made now, since the server has just said that it has no room: for as long as it said.
    pub(super) fn is_full(&self) -> Option<Arc<ConnectError>> {
        let state = self.lock();
        let is_full = state.is_full(Instant::now());
        state.last.clone().filter(|_| is_full)
    }

    /// Why the last attempt failed, if nothing has succeeded since.
    pub(super) fn last(&self) -> Option<Arc<ConnectError>> {
        self.lock().last.clone()
    }

    /// Notes a failed attempt. `is_down` says whether callers are to be told at once from now on.
    pub(super) fn failed(&self, error: &Arc<ConnectError>, version: u64, is_down: bool) {
        let mut state = self.lock();
        let before = state.last.replace(Arc::clone(error));
        // The prober may be at a long pause for another reason.
        if before.is_some_and(|before| before.kind() != error.kind()) {
            self.changed.notify_one();
        }
        state.failed_at = Some(Instant::now());
        state.trial_ends = None;
        if error.kind() == ErrorKind::Authentication {
            let before = state.refused.filter(|refused| refused.version == version);
            let tries = before.map_or(0, |refused| refused.tries) + 1;
            state.refused = Some(Refused { version, tries });
        }
        self.is_down.store(is_down, Ordering::Release);
    }

    /// Notes a connection that was opened. Says whether that ends an outage.
    pub(super) fn succeeded(&self) -> bool {
        let was_down = self.is_down();
        // Nearly always there is nothing to forget, and nothing is written.
        if self.lock().last.is_some() {
            self.forget();
        }
        was_down
    }

    /// The server answers on a connection that was opened elsewhere, perhaps long ago: the next caller tries, unless it is
    /// the credential that the server refuses.
    pub(super) fn answers(&self) {
        let is_refused = |error: Arc<ConnectError>| error.kind() == ErrorKind::Authentication;
        if self.is_down() && !self.last().is_some_and(is_refused) {
            self.forget();
        }
    }

    /// Why no attempt is to be made now, though somebody asks for it: the credential was refused, or the server is full.
    pub(super) fn waits(&self, version: u64) -> Option<Arc<ConnectError>> {
        let (state, now) = (self.lock(), Instant::now());
        let waits = self.is_down() && state.must_wait(version, now) || state.is_full(now);
        state.last.clone().filter(|_| waits)
    }

    /// Begins anew: the next caller tries.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        let is_probing = state.is_probing;
        *state = State {
            is_probing,
            ..State::default()
        };
        self.is_down.store(false, Ordering::Release);
        // Else the prober of this outage would sleep into the next one.
        self.changed.notify_one();
    }

    /// What a caller who finds no connection is told; nothing if this one is to try, for up to `trial`.
    pub(super) fn ask(&self, version: u64, trial: Duration) -> Option<Arc<ConnectError>> {
        if !self.is_down() {
            return None;
        }
        let now = Instant::now();
        let mut state = self.lock();
        state.asked_at = Some(now);
        // A caller who brings another credential does not wait for the prober to find it.
        let is_others = state.is_probing && !state.is_replaced(version);
        if is_others || state.is_tried(now) || state.must_wait(version, now) {
            return state.last.clone();
        }
        state.trial_ends = Some(now + trial);
        None
    }

    /// Whether a prober is needed; whoever is told so becomes it.
    pub(super) fn begin_probing(&self) -> bool {
        let mut state = self.lock();
        let is_needed = self.is_down() && !state.is_probing;
        if is_needed {
            state.is_probing = true;
            state.asked_at.get_or_insert_with(Instant::now);
        }
        is_needed
    }

    pub(super) fn end_probing(&self) {
        self.lock().is_probing = false;
    }

    /// What the prober does after its pause. `is_needed` says whether somebody needs the server without asking.
    pub(super) fn probe(&self, version: u64, is_needed: bool) -> Probe {
        let now = Instant::now();
        let mut state = self.lock();
        let asked = state
            .asked_at
            .is_some_and(|at| now.saturating_duration_since(at) < QUIET);
        if !self.is_down() || !(asked || is_needed) {
            state.is_probing = false;
            return Probe::Stop;
        }
        if state.is_tried(now) || state.must_wait(version, now) {
            return Probe::Wait;
        }
        Probe::Try
    }

    /// Resolves when the prober is to look again.
    pub(super) async fn pause(&self) {
        loop {
            let pause = self.next_pause();
            let is_over = timeout(pause, self.changed.notified()).await.is_err();
            // Another reason is no attempt of its own, but another pause.
            if is_over || !self.is_down() {
                return;
            }
        }
    }

    fn next_pause(&self) -> Duration {
        let mut state = self.lock();
        let (kind, asked) = match &state.last {
            Some(error) => (error.kind(), error.retry_after()),
            None => return Duration::ZERO,
        };
        if kind == ErrorKind::Authentication {
            return CREDENTIAL_LOOK;
        }
        state.backoff.delay_after(kind, asked)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a caller is at it.
    fn is_tried(&self, now: Instant) -> bool {
        self.trial_ends.is_some_and(|ends| now < ends)
    }

    /// Whether the credential is another one than the server refused.
    fn is_replaced(&self, version: u64) -> bool {
        let last = self.last.as_ref().map(|error| error.kind());
        last == Some(ErrorKind::Authentication)
            && self
                .refused
                .is_some_and(|refused| refused.version != version)
    }

    /// Whether the server is to be left alone, having said that it has no room.
    fn is_full(&self, now: Instant) -> bool {
        let Some(error) = &self.last else {
            return false;
        };
        let pause = error.retry_after().unwrap_or(OVERLOAD_PAUSE);
        error.kind() == ErrorKind::Overloaded
            && self
                .failed_at
                .is_some_and(|at| now.saturating_duration_since(at) < pause)
    }

    fn must_wait(&self, version: u64, now: Instant) -> bool {
        let Some(refused) = self.refused.filter(|refused| refused.version == version) else {
            return false;
        };
        let is_recent = self
            .failed_at
            .is_some_and(|at| now.saturating_duration_since(at) < Backoff::CREDENTIAL_PAUSE);
        is_recent || refused.tries >= Backoff::CREDENTIAL_TRIES
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const TRIAL: Duration = Duration::from_secs(10);

    fn failure(kind: ErrorKind) -> Arc<ConnectError> {
        Arc::new(ConnectError::new(kind, "scripted"))
    }

    #[tokio::test(start_paused = true)]
    async fn one_caller_tries_after_a_quiet_time_and_the_others_are_told() {
        let outage = Outage::default();
        assert!(outage.ask(0, TRIAL).is_none());
        outage.failed(&failure(ErrorKind::Refused), 0, true);
        assert!(outage.begin_probing());
        assert!(!outage.begin_probing(), "one prober is enough");
        assert!(outage.ask(0, TRIAL).is_some());
        assert_eq!(outage.probe(0, false), Probe::Try);
        advance(QUIET).await;
        assert_eq!(outage.probe(0, true), Probe::Try);
        assert_eq!(outage.probe(0, false), Probe::Stop);
        assert!(outage.ask(0, TRIAL).is_none(), "this one tries");
        assert!(outage.ask(0, TRIAL).is_some());
        advance(TRIAL).await;
        assert!(outage.ask(0, TRIAL).is_none(), "the first one went away");
        assert!(outage.succeeded());
        assert!(outage.last().is_none() && !outage.is_down());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_credential_is_tried_three_times_and_a_new_one_at_once() {
        let outage = Outage::default();
        for _ in 0..3 {
            assert!(outage.ask(7, TRIAL).is_none());
            outage.failed(&failure(ErrorKind::Authentication), 7, true);
            assert!(outage.ask(7, TRIAL).is_some());
            advance(Backoff::CREDENTIAL_PAUSE).await;
        }
        advance(Duration::from_hours(24)).await;
        assert!(outage.ask(7, TRIAL).is_some());
        assert!(outage.ask(8, TRIAL).is_none());
        outage.forget();
        assert!(outage.ask(7, TRIAL).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_heed_the_server() {
        let outage = Outage::default();
        outage.failed(&failure(ErrorKind::Refused), 0, true);
        assert!(outage.next_pause() <= Duration::from_millis(100));
        let told = ConnectError::new(ErrorKind::Overloaded, "scripted")
            .with_retry_after(Duration::from_mins(2));
        outage.failed(&Arc::new(told), 0, true);
        assert_eq!(outage.next_pause(), Duration::from_mins(2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_prober_does_not_sleep_into_the_next_outage() {
        let outage = Outage::default();
        let told = ConnectError::new(ErrorKind::Overloaded, "scripted")
            .with_retry_after(Duration::from_mins(2));
        outage.failed(&Arc::new(told), 0, true);
        assert!(outage.begin_probing());
        let started = Instant::now();
        tokio::join!(outage.pause(), async { assert!(outage.succeeded()) });
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(outage.probe(0, true), Probe::Stop);

        outage.failed(&failure(ErrorKind::Refused), 0, true);
        assert!(outage.begin_probing());
        advance(Duration::from_hours(1)).await;
        for _ in 0..10 {
            outage.next_pause();
        }
        let started = Instant::now();
        let found = async { outage.failed(&failure(ErrorKind::Role), 0, true) };
        tokio::join!(outage.pause(), found);
        assert_eq!(started.elapsed(), Duration::from_millis(100));
    }
}
