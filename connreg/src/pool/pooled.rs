//! A connection in the pool, with what the pool knows of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::Manage;
use super::closing::CloseReason;
use super::event::PoolEvent;
use super::holds::Hold;
use super::shared::Shared;

/// How long a back end may take to close one.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// An open connection of the pool's, with what is known of it. When dropped it is closed in a task of its own.
pub(super) struct Open<M: Manage> {
    // Taken out by `drop` alone.
    connection: Option<M::Connection>,
    pub(super) generation: u64,
    pub(super) expires_at: Instant,
    pub(super) shared: Arc<Shared<M>>,
}

impl<M: Manage> Open<M> {
    pub(super) fn new(
        connection: M::Connection,
        generation: u64,
        expires_at: Instant,
        shared: &Arc<Shared<M>>,
    ) -> Self {
        Self {
            connection: Some(connection),
            generation,
            expires_at,
            shared: Arc::clone(shared),
        }
    }

    pub(super) fn get(&self) -> &M::Connection {
        self.connection.as_ref().expect("held until it is dropped")
    }

    pub(super) fn get_mut(&mut self) -> &mut M::Connection {
        self.connection.as_mut().expect("held until it is dropped")
    }

    /// Why it can't be used again, as far as that is known without asking the server.
    pub(super) fn unfit(&mut self) -> Option<CloseReason> {
        if self.shared.is_closed() {
            return Some(CloseReason::PoolClosed);
        }
        if self.generation != self.shared.generation() {
            return Some(CloseReason::Retired);
        }
        let connection = self.connection.as_mut()?;
        if self.shared.manager.is_broken(connection) {
            return Some(CloseReason::Broken);
        }
        (Instant::now() >= self.expires_at).then_some(CloseReason::Lifetime)
    }
}

impl<M: Manage> Open<M> {
    /// Has it closed, once.
    fn end(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        // In a task of its own: whoever waits for the slot does not wait for the good-bye.
        let shared = Arc::clone(&self.shared);
        let closing = shared.closing();
        self.shared.runtime.spawn(async move {
            // Past the limit it is dropped, which ends it, too.
            let _ = timeout(CLOSE_LIMIT, shared.manager.close(connection)).await;
            drop(closing);
        });
    }
}

impl<M: Manage> Drop for Open<M> {
    fn drop(&mut self) {
        self.end();
    }
}

/// A connection that the pool lends. Counted from its making until it is dropped.
pub(super) struct Pooled<M: Manage> {
    pub(super) open: Open<M>,
    pub(super) id: u64,
    /// A request is under way: whoever gets the connection next would read its answer.
    pub(super) busy: bool,
    /// Why it is not to be used again.
    pub(super) doomed: Option<CloseReason>,
    pub(super) used_at: Instant,
    pub(super) tested_at: Instant,
    pub(super) hold: Arc<Hold>,
    _room: OwnedSemaphorePermit,
}

impl<M: Manage> Pooled<M> {
    pub(super) fn new(
        connection: M::Connection,
        id: u64,
        generation: u64,
        room: OwnedSemaphorePermit,
        shared: &Arc<Shared<M>>,
    ) -> Self {
        shared.created();
        let now = Instant::now();
        let hold = shared.hold();
        Self {
            open: Open::new(connection, generation, hold.expires_at, shared),
            id,
            busy: false,
            doomed: None,
            used_at: now,
            tested_at: now,
            hold,
            _room: room,
        }
    }

    /// Since when nothing has shown that it works.
    pub(super) fn unproven_for(&self) -> Duration {
        self.used_at.max(self.tested_at).elapsed()
    }

    /// Finds out, without asking the server, whether it can be used again.
    pub(super) fn is_fit(&mut self) -> bool {
        if self.doomed.is_none() {
            self.doomed = if self.busy {
                Some(CloseReason::Abandoned)
            } else {
                self.open.unfit()
            };
        }
        self.doomed.is_none()
    }
}

impl<M: Manage> Drop for Pooled<M> {
    fn drop(&mut self) {
        let reason = self.doomed.unwrap_or(CloseReason::PoolClosed);
        let shared = Arc::clone(&self.open.shared);
        // From before it is counted as closed until after that: whoever waits for all to be gone must see both.
        let _closing = shared.closing();
        self.open.end();
        shared.closed(&self.hold, reason);
        shared.emit(|| PoolEvent::Closed {
            id: self.id,
            reason,
        });
    }
}
