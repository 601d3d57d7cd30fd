//! The pool's view of sessions: how they are opened, tested and seen to be broken.

use connreg::ConnectError;
use connreg::pool::Manage;

use super::connect::Connector;
use super::session::Session;

/// Makes sessions for the pool.
pub(crate) struct Manager {
    connector: Connector,
}

impl Manager {
    pub(crate) fn new(connector: Connector) -> Self {
        Self { connector }
    }
}

impl Manage for Manager {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, ConnectError> {
        self.connector.open(None).await
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

    fn credential_version(&self) -> u64 {
        self.connector.credential_version()
    }
}
