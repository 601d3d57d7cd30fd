//! Named, typed, pooled, health-checked connections from configuration.
#![forbid(unsafe_code)]

// Generated code names this crate by an absolute path, here as everywhere.
extern crate self as connreg;

mod backend;
pub mod capability;
pub mod config;
mod connection;
mod connections;
mod context;
mod descriptor;
mod error;
mod lifecycle;
mod nearest;
mod policy;
pub mod pool;
#[doc(hidden)]
pub mod private;
mod registry;
mod runtime;
mod settings;
mod slice;

pub use bytesize::ByteSize;
pub use url::Url;

pub use connreg_macros::{Settings, connection};

pub use crate::backend::Backend;
pub use crate::connection::{
    AnyConnection, CapabilityClient, CapabilityConnection, Client, Connection, ConnectionInfo,
};
pub use crate::connections::{Builder, Connections, Status};
pub use crate::context::Context;
pub use crate::error::{ConnectError, Error, ErrorKind, Sent};
pub use crate::lifecycle::State;
pub use crate::policy::{
    CircuitBreakerSettings, HealthCheckSettings, Jitter, Policy, PoolSettings, RetrySettings,
    RetryStrategy, TestOnBorrow,
};
pub use crate::registry::{ConnectionType, Registry};
pub use crate::settings::{Choice, ConnectionRef, Field, Secret, Settings, Shape};
