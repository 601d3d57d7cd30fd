//! What a back end implements: how to open, check and close one kind of connection.

use std::future::Future;

use crate::connection_limit::ConnectionLimit;
use crate::context::Context;
use crate::error::ConnectError;
use crate::policy::PoolSettings;
use crate::pool::PoolStatistics;
use crate::private::Declared;

/// How connections of one type are opened, checked and closed.
///
/// Implement it for a struct annotated with [`#[connection]`](macro@crate::connection); `async fn` may be
/// written for each method as long as its future is `Send`.
///
/// # Examples
///
/// ```
/// use connreg::{Backend, ConnectError, Context, connection};
///
/// /// A counter that lives in memory.
/// #[connection(type = "counter", category = "example")]
/// pub struct Counter {
///     /// Where to start.
///     #[setting(default = 0)]
///     pub start: u64,
/// }
///
/// impl Backend for Counter {
///     type Client = std::sync::atomic::AtomicU64;
///
///     async fn connect(&self, _context: &Context) -> Result<Self::Client, ConnectError> {
///         Ok(self.start.into())
///     }
///
///     async fn check(_client: &Self::Client) -> Result<(), ConnectError> {
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a connection type without a back end",
    label = "`Backend` is not implemented for this struct",
    note = "write `impl connreg::Backend for {Self}` with `type Client`, `connect` and `check`"
)]
pub trait Backend: Declared {
    /// What an open connection is used through. Shared by all callers.
    type Client: Send + Sync + 'static;

    /// Whether the client keeps a pool that heeds [`Context::pool`]; settings of a pool that nothing
    /// would heed are warned about.
    const POOLED: bool = false;

    /// Opens a client and proves that it works, so that a wrong password is found here.
    ///
    /// Runs under the connection's `connect_timeout`, in a task of its own.
    ///
    /// # Errors
    ///
    /// What came back, classified.
    fn connect(
        &self,
        context: &Context,
    ) -> impl Future<Output = Result<Self::Client, ConnectError>> + Send;

    /// A cheap real round trip to the server.
    ///
    /// # Errors
    ///
    /// What came back, classified.
    fn check(client: &Self::Client) -> impl Future<Output = Result<(), ConnectError>> + Send;

    /// Ends the client in good order; what is dropped without it must still leak nothing.
    fn close(client: &Self::Client) -> impl Future<Output = ()> + Send {
        let _ = client;
        async {}
    }

    /// The server that connections with these settings go to, without credentials; so that what several connections
    /// ask of one server can be added up. `None`: there is no server, or there is no telling.
    fn server(&self) -> Option<String> {
        None
    }

    /// How many connections a client with these settings has to one server at the most: of a pooled one the pool's, and one
    /// for [checks](crate::pool::PoolStatistics::checking).
    fn most_connections(&self, pool: &PoolSettings) -> u32 {
        if Self::POOLED {
            pool.max_size.saturating_add(1)
        } else {
            1
        }
    }

    /// How many connections the server takes; `None`: it has no limit, or does not say.
    ///
    /// # Errors
    ///
    /// What came back, classified.
    fn connection_limit(
        client: &Self::Client,
    ) -> impl Future<Output = Result<Option<ConnectionLimit>, ConnectError>> + Send {
        let _ = client;
        async { Ok(None) }
    }

    /// The figures of the client's pool, if it has one.
    fn statistics(client: &Self::Client) -> Option<PoolStatistics> {
        let _ = client;
        None
    }
}
