//! A connection of the pool's own beside those that it lends, to ask whether the server answers.
//!
//! It passes neither the line of callers nor the gate: a check that hangs holds up nobody, and nobody holds up a check.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::Manage;
use super::fair::Inner;
use super::pooled::Open;
use super::shared::{Shared, closed};
use crate::error::{ConnectError, ErrorKind};

/// The connection for checks, while nobody is at it.
pub(super) struct Checks<M: Manage> {
    /// One check at a time.
    turn: Arc<Semaphore>,
    kept: Mutex<Option<Kept<M>>>,
}

/// The connection, counted for as long as it is open.
struct Kept<M: Manage>(Open<M>);

impl<M: Manage> Checks<M> {
    pub(super) fn new() -> Self {
        Self {
            turn: Arc::new(Semaphore::new(1)),
            kept: Mutex::default(),
        }
    }

    /// Closes it if it is not to be used again.
    pub(super) fn sweep(&self) {
        let mut kept = self.lock();
        if kept.as_mut().is_some_and(|kept| kept.0.unfit().is_some()) {
            *kept = None;
        }
    }

    /// Closes it, after the check under way. That ends by itself once the pool is closed.
    pub(super) async fn close(&self) {
        let _turn = self.turn.acquire().await;
        *self.lock() = None;
    }

    fn take(&self) -> Option<Kept<M>> {
        let mut kept = self.lock().take()?;
        kept.0.unfit().is_none().then_some(kept)
    }

    fn keep(&self, kept: Kept<M>) {
        *self.lock() = Some(kept);
        // It may have been closed or retired meanwhile.
        self.sweep();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept<M>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Manage> Kept<M> {
    fn new(connection: M::Connection, generation: u64, shared: &Arc<Shared<M>>) -> Self {
        let expires_at = Instant::now() + shared.settings.max_lifetime;
        shared.checking.fetch_add(1, Ordering::AcqRel);
        Self(Open::new(connection, generation, expires_at, shared))
    }

    async fn test(&mut self) -> Result<(), ConnectError> {
        let shared = Arc::clone(&self.0.shared);
        let limit = shared.connect_timeout;
        let test = shared.manager.test(self.0.get_mut());
        timeout(limit, test).await.unwrap_or_else(|_| {
            let limit = humantime::format_duration(limit);
            let message = format!("the server did not answer within {limit}");
            Err(ConnectError::new(ErrorKind::Timeout, message))
        })
    }
}

impl<M: Manage> Drop for Kept<M> {
    fn drop(&mut self) {
        self.0.shared.checking.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<M: Manage> Inner<M> {
    /// Asks the server; ends as soon as the pool is closed.
    pub(super) async fn check(self: &Arc<Self>) -> Result<(), ConnectError> {
        tokio::select! {
            biased;
            () = self.shared.until_closed() => Err(closed()),
            answer = self.check_in_turn() => answer,
        }
    }

    async fn check_in_turn(self: &Arc<Self>) -> Result<(), ConnectError> {
        let shared = &self.shared;
        let turn = Arc::clone(&self.checks.turn).acquire_owned().await;
        let turn = turn.map_err(|_| closed())?;
        // While no new connection can be opened, an old one that works tells callers nothing.
        if !shared.outage.is_down()
            && let Some(mut kept) = self.checks.take()
            && kept.test().await.is_ok()
        {
            self.checks.keep(kept);
            return Ok(());
        }
        let generation = shared.generation();
        // In a task of its own: a check that is given up must not waste a connection that is nearly there.
        let pool = Arc::clone(self);
        let opened = shared.runtime.spawn(async move {
            let opened = pool.open_for_checks().await;
            (opened, turn)
        });
        let (opened, _turn): (_, OwnedSemaphorePermit) = opened
            .await
            .map_err(|_| ConnectError::new(ErrorKind::Other, "the back end panicked"))?;
        match opened {
            Ok(()) => {}
            // No room for one more: those that are in speak for the server.
            Err(error)
                if error.kind() == ErrorKind::Overloaded && self.an_idle_one_works().await =>
            {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        let Some(mut kept) = self.checks.take() else {
            if shared.is_closed() {
                return Err(closed());
            }
            // Retired while it was opened: that it could be opened is the answer.
            if shared.generation() != generation {
                return Ok(());
            }
            let message = "the server ended the connection at once";
            return Err(ConnectError::new(ErrorKind::Refused, message));
        };
        kept.test().await?;
        self.checks.keep(kept);
        Ok(())
    }

    /// Whether a connection of the pool that nobody uses does work.
    async fn an_idle_one_works(self: &Arc<Self>) -> bool {
        let Ok(_turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            return false;
        };
        match self.take_idle() {
            Some(mut idle) => idle.is_fit() && self.passes_test(&mut idle).await,
            None => false,
        }
    }

    /// Opens the connection and keeps it.
    async fn open_for_checks(&self) -> Result<(), ConnectError> {
        let shared = &self.shared;
        let version = shared.manager.credential_version();
        if let Some(refused) = shared.outage.waits(version) {
            return Err(refused.as_ref().clone());
        }
        let generation = shared.generation();
        let connected = tokio::select! {
            biased;
            () = shared.until_closed() => return Err(closed()),
            connected = shared.connect() => connected,
        };
        match connected {
            Ok(connection) => {
                shared.outage.succeeded();
                self.checks.keep(Kept::new(connection, generation, shared));
                Ok(())
            }
            Err(error) => {
                shared.failed(error.clone(), version);
                Err(error)
            }
        }
    }
}
