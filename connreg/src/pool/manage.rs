//! What a back end tells the pool of its connections.

use std::future::Future;

use crate::error::ConnectError;

/// How connections of one kind are made and looked at.
///
/// `connect`, `test` and `is_broken` are needed, the others have an answer that fits most.
pub trait Manage: Send + Sync + 'static {
    /// One exclusive connection.
    type Connection: Send + 'static;

    /// Opens one. Runs under `connect_timeout`, in a task of its own.
    ///
    /// # Errors
    ///
    /// What came back; all who wait for a connection are told at once.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, ConnectError>> + Send;

    /// Asks the server whether the connection works. Done for one that has been idle for over a second.
    ///
    /// # Errors
    ///
    /// What came back; the connection is closed and another one is taken.
    fn test(
        &self,
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// Whether it is known, without asking, that the connection can't be used again.
    fn is_broken(&self, connection: &mut Self::Connection) -> bool;

    /// Closes one. Runs in a task of its own, for 5 s at the most; without it the connection is dropped there.
    fn close(&self, connection: Self::Connection) -> impl Future<Output = ()> + Send {
        drop(connection);
        std::future::ready(())
    }

    /// A number that changes with the credential that `connect` uses.
    ///
    /// The pool tries a credential that the server refuses three times at the most, so that no account gets locked.
    fn credential_version(&self) -> u64 {
        0
    }
}
