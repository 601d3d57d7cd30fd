//! The pool's view of sessions: how they are opened, tested and seen to be broken.

use std::sync::Weak;

use connreg::ConnectError;
use connreg::pool::Manage;

use super::client::Inner;
use super::connect::Connector;
use super::session::Session;

/// Makes sessions for a pool.
pub(crate) struct Manager {
    connector: Connector,
    purpose: Purpose,
}

/// Whom the sessions are for.
enum Purpose {
    /// Those who write: with whichever server takes writes. The client is told of refused ones.
    Writing(Weak<Inner>),
    /// Those who read from this server.
    Reading(usize),
}

impl Manager {
    pub(crate) fn of_writers(connector: Connector, client: Weak<Inner>) -> Self {
        Self {
            connector,
            purpose: Purpose::Writing(client),
        }
    }

    pub(crate) fn of_readers(connector: Connector, server: usize) -> Self {
        Self {
            connector,
            purpose: Purpose::Reading(server),
        }
    }
}

impl Manage for Manager {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, ConnectError> {
        let client = match &self.purpose {
            Purpose::Writing(client) => client,
            Purpose::Reading(server) => return self.connector.open_at(*server).await,
        };
        let opened = self.connector.open(None).await;
        if self.connector.servers().wants_looks()
            && let Some(client) = client.upgrade()
        {
            client.look_after_roles();
        }
        let mut session = opened?;
        session.writer = Weak::clone(client);
        Ok(session)
    }

    async fn test(&self, session: &mut Session) -> Result<(), ConnectError> {
        match session.client.check_connection().await {
            Ok(()) => Ok(()),
            Err(error) => Err(session.explain(error).await),
        }
    }

    fn is_broken(&self, session: &mut Session) -> bool {
        let is_left = match self.purpose {
            Purpose::Writing(_) => self.connector.servers().has_left(session.server),
            Purpose::Reading(_) => false,
        };
        is_left || session.client.is_closed()
    }

    fn credential_version(&self) -> u64 {
        self.connector.credential_version()
    }
}
