//! The same for code without async: connections whose calls wait on the calling thread.
//!
//! Policies, pools, events and health are those of the async [`Connections`](crate::Connections), which work on two threads
//! that the blocking ones keep; here is only what waits for them. Clients are the same too, and their methods async:
//! hand what they give to [`Client::wait`], or use the client within [`Connection::run`].
//!
//! Any thread may call, also one of `tokio::task::spawn_blocking`. A call from within async code, whose thread must not
//! wait, is an error. The threads end with the last handle, wherever that is dropped.
//!
//! # Examples
//!
//! ```
//! use connreg::{Backend, ConnectError, Context, blocking, connection};
//!
//! /// Answers every question.
//! #[connection(type = "oracle_of_blocking", category = "example")]
//! struct Oracle {}
//!
//! struct OracleClient;
//!
//! impl OracleClient {
//!     async fn ask(&self, _question: &str) -> Result<u32, connreg::Error> {
//!         Ok(42)
//!     }
//! }
//!
//! impl Backend for Oracle {
//!     type Client = OracleClient;
//!
//!     async fn connect(&self, _context: &Context) -> Result<OracleClient, ConnectError> {
//!         Ok(OracleClient)
//!     }
//!
//!     async fn check(_client: &OracleClient) -> Result<(), ConnectError> {
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> Result<(), connreg::Error> {
//!     let connections = blocking::Connections::builder()
//!         .set("oracle.type", "oracle_of_blocking")
//!         .load_blocking()?;
//!     let oracle = connections.get::<Oracle>("oracle")?;
//!     // Under the connection's deadline, circuit breaker and retry.
//!     let answer = oracle.run(|client| async move { client.ask("why?").await })?;
//!     assert_eq!(answer, 42);
//!     // Without them.
//!     let client = oracle.client()?;
//!     assert_eq!(client.wait(client.ask("how?"))?, 42);
//!     connections.close()?;
//!     Ok(())
//! }
//! ```

mod any;
mod capability;
mod connection;
mod connections;
mod events;
mod park;
mod runtime;

pub use any::AnyConnection;
pub use capability::{CapabilityClient, CapabilityConnection};
pub use connection::{Client, Connection};
pub use connections::{Connections, Watcher};
pub use events::Events;
