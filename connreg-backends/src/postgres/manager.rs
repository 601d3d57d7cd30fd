//! The pool's view of sessions: how they are opened, tested and seen to be broken.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use connreg::ConnectError;
use connreg::pool::Manage;

use super::client::Inner;
use super::connect::Connector;
use super::session::Session;

/// Makes sessions for the pool.
pub(crate) struct Manager {
    connector: Connector,
    role: Role,
    first: First,
}

/// Whom the sessions are for.
enum Role {
    /// Those who write: with whichever server takes writes. The client is told of refused ones.
    Writer(Weak<Inner>),
    /// Those who read from this server.
    Reader(usize),
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
    pub(crate) fn of_writers(connector: Connector, client: Weak<Inner>, first: First) -> Self {
        Self {
            connector,
            role: Role::Writer(client),
            first,
        }
    }

    pub(crate) fn of_readers(connector: Connector, server: usize) -> Self {
        Self {
            connector,
            role: Role::Reader(server),
            first: First(Arc::default()),
        }
    }

    async fn open(&self) -> Result<Session, ConnectError> {
        match &self.role {
            Role::Writer(client) => {
                let mut session = self.connector.open(None).await?;
                session.writer = Weak::clone(client);
                Ok(session)
            }
            Role::Reader(server) => self.connector.open_at(*server).await,
        }
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
            None => self.open().await,
        }
    }

    async fn test(&self, session: &mut Session) -> Result<(), ConnectError> {
        match session.client.check_connection().await {
            Ok(()) => Ok(()),
            Err(error) => Err(session.explain(error).await),
        }
    }

    fn is_broken(&self, session: &mut Session) -> bool {
        let servers = self.connector.servers();
        let is_writer = matches!(self.role, Role::Writer(_));
        session.client.is_closed() || (is_writer && servers.has_left(session.server))
    }
}
