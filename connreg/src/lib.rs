//! Named, typed, pooled, health-checked connections from configuration.
//!
//! A service's connections are written down in configuration files; [`Connections::load`] reads and checks them
//! all, and hands out each by name and type. A new kind of connection is one annotated struct with a
//! [`Backend`] implementation, in any crate that is linked:
//!
//! ```
//! use connreg::{Backend, ConnectError, Connections, Context, connection};
//!
//! /// A greeting, from a server that is always up.
//! #[connection(type = "greeter", category = "example")]
//! pub struct Greeter {
//!     /// Who is greeted.
//!     #[setting(default = "world", min_len = 1)]
//!     pub whom: String,
//! }
//!
//! impl Backend for Greeter {
//!     type Client = String;
//!
//!     async fn connect(&self, _context: &Context) -> Result<String, ConnectError> {
//!         Ok(format!("hello, {}", self.whom))
//!     }
//!
//!     async fn check(_client: &String) -> Result<(), ConnectError> {
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), connreg::Error> {
//! // As `Connections::load("config")` would read it from `config/connections.yaml`.
//! let connections = Connections::builder()
//!     .set("front_desk.type", "greeter")
//!     .set("front_desk.whom", "reader")
//!     .load()
//!     .await?;
//! let greeter = connections.get::<Greeter>("front_desk")?; // no I/O; keep it
//! assert_eq!(*greeter.client().await?, "hello, reader"); // opens on first use
//! connections.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! The back ends for databases, caches and other services are in the crate `connreg-backends`; this one knows none.
//!
//! # Features
//!
//! - `pool`: `pool::Pool`, the fair pool for back ends whose connections are exclusive.
//! - `signal`: closing when the system asks the program to end.
//! - `schema`: a JSON Schema of the configuration files, for editors.
//! - `cli`: [`cli::run`](https://docs.rs/connreg/latest/connreg/cli/fn.run.html), the command line for your own binary.
//! - `blocking`: the same for code without async, [`blocking::Connections`](https://docs.rs/connreg/latest/connreg/blocking/index.html).
//! - `http`: health probes, metrics and a live page of all connections, [`http::router`](https://docs.rs/connreg/latest/connreg/http/fn.router.html).
//! - `json`: reports of mistakes as JSON.
//! - `testing`: failures on command, connections without a server and clients handed in, for tests of services; suites for back
//!   ends.
#![forbid(unsafe_code)]

// Generated code names this crate by an absolute path, here as everywhere.
extern crate self as connreg;

mod backend;
mod backoff;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod capability;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
mod connection;
mod connection_enum;
mod connection_limit;
mod connections;
mod context;
mod descriptor;
mod error;
mod event;
pub mod global;
mod health;
#[cfg(feature = "http")]
pub mod http;
mod lifecycle;
mod nearest;
pub mod observe;
pub mod policy;
pub mod pool;
#[doc(hidden)]
pub mod private;
mod registry;
mod resolve;
mod runtime;
#[cfg(feature = "schema")]
pub mod schema;
mod secrets;
mod settings;
#[cfg(feature = "signal")]
mod signal;
mod slice;
#[cfg(feature = "testing")]
pub mod testing;
pub mod topology;

pub use async_trait::async_trait;
pub use bytesize::ByteSize;
pub use url::Url;

pub use connreg_macros::{Settings, connection, secret_provider};

pub use crate::backend::Backend;
pub use crate::backoff::Backoff;
pub use crate::connection::{
    AnyConnection, CapabilityClient, CapabilityConnection, Client, ClosedConnection, Connection,
    ConnectionInfo, Opening,
};
pub use crate::connection_limit::ConnectionLimit;
pub use crate::connections::{Builder, CloseReport, Connections, ReloadReport, Status, Watcher};
pub use crate::context::Context;
pub use crate::error::{ConnectError, Error, ErrorKind, Sent};
pub use crate::event::{BreakerState, Event, EventKind, EventListener};
pub use crate::global::get as global;
pub use crate::health::{Health, HealthReport, HealthStatus};
pub use crate::lifecycle::State;
pub use crate::policy::{
    BulkheadSettings, CircuitBreakerSettings, HealthCheckSettings, Jitter, Policy, PoolSettings,
    RetryBudgetSettings, RetrySettings, RetryStrategy, TestOnBorrow,
};
pub use crate::registry::{ConnectionType, Registry};
pub use crate::resolve::resolve;
pub use crate::secrets::{KnownSecret, SecretError, SecretProvider, SecretValue};
pub use crate::settings::{Choice, ConnectionRef, Field, Secret, Settings, Shape};
#[cfg(feature = "signal")]
pub use crate::signal::shutdown_signal;
