//! `bb8`'s side: what it asks for when it wants a connection, and whom it tells of failures.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Manage;
use super::pooled::Pooled;
use super::shared::{Failure, Purpose, Shared};

/// The failures that `bb8` has told of, and whoever wants to know of the next.
#[derive(Debug, Default)]
pub(super) struct Failures {
    count: AtomicU64,
    last: Mutex<Option<Failure>>,
    pub(super) told: Notify,
}

impl Failures {
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// The last one, if there was any since `count` was `seen`.
    pub(super) fn since(&self, seen: u64) -> Option<Failure> {
        if self.count() == seen {
            return None;
        }
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Where `bb8` tells of failures, after it has made up its books.
#[derive(Debug)]
pub(super) struct Sink(pub(super) Arc<Failures>);

impl bb8::ErrorSink<Failure> for Sink {
    fn sink(&self, failure: Failure) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
        self.0.count.fetch_add(1, Ordering::AcqRel);
        self.0.told.notify_waiters();
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<Failure>> {
        Box::new(Self(Arc::clone(&self.0)))
    }
}

/// What `bb8` knows of our connections.
pub(super) struct Glue<M>(pub(super) Arc<Shared<M>>);

impl<M: Manage> bb8::ManageConnection for Glue<M> {
    type Connection = Pooled<M>;
    type Error = Failure;

    async fn connect(&self) -> Result<Pooled<M>, Failure> {
        let (pooled, entry) = self.0.open(Purpose::Demand).await?;
        if self.0.is_closed() {
            // Nobody would ever take it out again.
            return Err(Failure::GivenUp);
        }
        entry.opened();
        Ok(pooled)
    }

    async fn is_valid(&self, _connection: &mut Pooled<M>) -> Result<(), Failure> {
        // Never asked: the pool in front tests only what has been idle.
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled<M>) -> bool {
        !pooled.is_fit()
    }
}

impl<M> fmt::Debug for Glue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Glue")
    }
}
