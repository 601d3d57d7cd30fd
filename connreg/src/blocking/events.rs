//! What happens to connections, to be iterated over.

use std::time::{Duration, Instant};

use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::park;
use crate::error::{Error, ErrorKind};
use crate::event::Event;

/// What happens to any connection, one event after the other; it ends when the connections and every handle on them are
/// gone. It keeps nothing open.
///
/// Within async code it ends at once, and logs why.
#[derive(Debug)]
pub struct Events {
    receiver: Receiver<Event>,
    missed: u64,
}

impl Events {
    pub(super) fn new(receiver: Receiver<Event>) -> Self {
        Self {
            receiver,
            missed: 0,
        }
    }

    /// How many events were dropped because they were read too slowly.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// The next event, or `None` if there is none within `limit`.
    ///
    /// # Errors
    ///
    /// The connections are gone, or it was called within async code.
    pub fn next_within(&mut self, limit: Duration) -> Result<Option<Event>, Error> {
        park::may_wait(None)?;
        let deadline = Instant::now().checked_add(limit);
        match park::wait_until(self.received(), deadline) {
            None => Ok(None),
            Some(Some(event)) => Ok(Some(event)),
            Some(None) => {
                let message = "there are no more events: the connections are gone";
                Err(Error::usage(ErrorKind::Closed, message, None))
            }
        }
    }

    async fn received(&mut self) -> Option<Event> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(number)) => self.missed += number,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Err(error) = park::may_wait(None) {
            tracing::error!(%error, "no events");
            return None;
        }
        park::wait_until(self.received(), None).flatten()
    }
}
