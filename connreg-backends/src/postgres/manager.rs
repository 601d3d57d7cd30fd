//! The pool's view of sessions: how they are opened, tested and seen to be broken.

use std::sync::{Arc, Mutex, PoisonError};

use connreg::ConnectError;
use connreg::pool::Manage;

use super::connect::Connector;
use super::session::Session;

/// Makes sessions for the pool.
pub(crate) struct Manager {
    connector: Connector,
    first: First,
}

/// The session that proved that the settings work, until the pool asks for its first.
#[derive(Clone)]
pub(crate) struct First(Arc<Mutex<Option<Session>>>);

impl First {
    pub(crate) fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(Some(session))))
    }

    pub(crate) fn take(&self) -> Option<Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Manager {
    pub(crate) fn new(connector: Connector, first: First) -> Self {
        Self { connector, first }
    }
}

impl Manage for Manager {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, ConnectError> {
        match self
            .first
            .take()
            .filter(|session| !session.client.is_closed())
        {
            Some(session) => Ok(session),
            None => self.connector.open(None).await,
        }
    }

    async fn test(&self, session: &mut Session) -> Result<(), ConnectError> {
        match session.client.check_connection().await {
            Ok(()) => Ok(()),
            Err(error) => Err(session.explain(error).await),
        }
    }

    fn is_broken(&self, session: &mut Session) -> bool {
        session.client.is_closed()
    }
}
