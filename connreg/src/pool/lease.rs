//! An exclusive connection on loan from a pool.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::Manage;
use super::closing::CloseReason;
use super::event::PoolEvent;
use super::glue::Glue;
use super::shared::Shared;

/// An exclusive connection on loan from a pool; goes back when dropped.
///
/// One that is dropped between [`begin`](Self::begin) and [`done`](Self::done) has a request under way: it is
/// closed, so that nobody else reads the answer.
pub struct Lease<M: Manage> {
    // The order counts: the connection is back before the next in line is let in.
    connection: bb8::PooledConnection<'static, Glue<M>>,
    returned: Returned<M>,
    _turn: OwnedSemaphorePermit,
}

struct Returned<M: Manage>(Arc<Shared<M>>);

impl<M: Manage> Drop for Returned<M> {
    fn drop(&mut self) {
        self.0.given_back();
    }
}

impl<M: Manage> Lease<M> {
    pub(super) fn new(
        connection: bb8::PooledConnection<'static, Glue<M>>,
        turn: OwnedSemaphorePermit,
        shared: Arc<Shared<M>>,
        place: &'static Location<'static>,
    ) -> Self {
        shared.lent(&connection, place);
        Self {
            connection,
            returned: Returned(shared),
            _turn: turn,
        }
    }

    /// Says that a request goes out.
    pub fn begin(&mut self) {
        self.connection.busy = true;
    }

    /// Says that its answer is there, whole.
    pub fn done(&mut self) {
        self.connection.busy = false;
    }

    /// Closes the connection instead of giving it back.
    pub fn discard(mut self) {
        self.connection.doomed = Some(CloseReason::Discarded);
    }

    /// Has all connections of the pool closed that are as old as this one, or older: idle ones at once, others when
    /// they come back. Says whether it was this call that did so.
    ///
    /// For a server that turns out, by what it answers, to be in another role than when the connection was opened. A
    /// lease of connections that were retired already retires no newer ones, and none does so more often than every
    /// 100 ms. Should `connect` then fail with [`Role`](crate::ErrorKind::Role), the server is asked every 100 ms for
    /// 30 s.
    pub fn retire_pool(&self) -> bool {
        let shared = &self.returned.0;
        shared.retire_generation(self.connection.open.generation)
    }

    /// The connection's number in its pool's [events](super::PoolEvent).
    pub fn id(&self) -> u64 {
        self.connection.id
    }

    /// The name of the connection that the pool belongs to.
    pub fn connection_name(&self) -> &Arc<str> {
        &self.returned.0.name
    }
}

impl<M: Manage> Drop for Lease<M> {
    fn drop(&mut self) {
        self.connection.used_at = Instant::now();
        self.connection.hold.give_back();
        let id = self.connection.id;
        self.returned.0.emit(|| PoolEvent::Returned { id });
    }
}

impl<M: Manage> Deref for Lease<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        self.connection.open.get()
    }
}

impl<M: Manage> DerefMut for Lease<M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        self.connection.open.get_mut()
    }
}

impl<M: Manage> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.connection_name())
    }
}
