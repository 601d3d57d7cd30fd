//! What happens in a pool, as it happens.

use std::sync::Arc;
use std::time::Duration;

use super::CloseReason;
use crate::connection::Core;
use crate::context::Context;
use crate::error::{ConnectError, ErrorKind};

/// What happens in a pool. Connections are told apart by `id`, counted from 1.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PoolEvent {
    /// A connection is being opened.
    Opening {
        /// Which.
        id: u64,
    },
    /// It is open.
    Opened {
        /// Which.
        id: u64,
        /// How long that took.
        took: Duration,
    },
    /// It could not be opened.
    OpenFailed {
        /// Which.
        id: u64,
        /// Why.
        error: Arc<ConnectError>,
    },
    /// An open connection was taken out of the pool; it is closed in a task of its own.
    Closed {
        /// Which.
        id: u64,
        /// Why.
        reason: CloseReason,
    },
    /// A caller asks for a connection.
    AcquireStarted,
    /// The caller has it.
    Acquired {
        /// Which.
        id: u64,
        /// How long the caller waited.
        waited: Duration,
    },
    /// The caller gets none.
    AcquireFailed {
        /// Why.
        kind: ErrorKind,
        /// How long the caller waited.
        waited: Duration,
    },
    /// A lease ended.
    Returned {
        /// Of which connection.
        id: u64,
    },
    /// All connections opened so far are to be closed.
    Retired {
        /// How often that was asked for.
        generation: u64,
    },
    /// Callers wait until the pool is resumed.
    Suspended,
    /// Callers are served again.
    Resumed,
    /// The pool was closed.
    PoolClosed,
}

/// Who is told. Called where it happens: it must be quick, must not panic and must not use the pool.
pub(super) type Observer = Box<dyn Fn(PoolEvent) + Send + Sync>;

/// Who is told of what happens: an observer of everything, and the connection that the pool belongs to, of trouble.
pub(super) struct Told {
    pub(super) observer: Option<Observer>,
    pub(super) context: Option<Context>,
}

impl Told {
    /// Connections are found dead, or can't be opened.
    pub(super) fn of_trouble(&self) {
        if let Some(context) = &self.context {
            context.tell(Core::suspect);
        }
    }

    /// The server did not take the credential.
    pub(super) fn of_refusal(&self) {
        if let Some(context) = &self.context {
            context.tell(Core::credential_refused);
        }
    }

    /// After an outage a connection could be opened.
    pub(super) fn of_return(&self) {
        if let Some(context) = &self.context {
            context.tell(Core::seems_back);
        }
    }
}
