//! Real servers for tests, and the list that a suite on them is.
//!
//! Lives here: getting a server's binaries, starting it on a random loopback port in a temporary
//! folder, stopping it whatever happens, hurting it on purpose. Nothing of connreg lives here.
//!
//! `docs/testing.md` says how to write a test with it.

mod apart;
mod browser;
mod certificates;
mod container;
mod error;
mod guard;
mod names;
mod place;
mod port;
mod postgres;
mod process;
mod promtool;
mod proxy;
mod redis;
mod server;
mod soak;
mod source;
pub mod suite;

pub use apart::Loopback;
pub use browser::{Browser, Page};
pub use certificates::{Certificates, ServerCertificate};
pub use error::HarnessError;
pub use guard::{GuardedGroup, guard_group};
pub use names::Names;
pub use postgres::{Postgres, PostgresDatabase, PostgresOptions};
pub use promtool::{Verdict, check_with_promtool};
pub use proxy::{Fault, FaultProxy};
pub use redis::{Redis, RedisCluster, RedisKeys, RedisOptions, RedisSentinel};
pub use server::Server;
pub use soak::{SOAK_SECONDS, soak_time};
pub use source::{POSTGRES_URL, REDIS_URL, Source};

/// The code in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The page for users' own tests, whose code runs.
#[cfg(doctest)]
#[doc = include_str!("../../docs/testing-your-service.md")]
struct TestingPage;

/// The page on what stands between a service and its servers, whose code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/resilience.md")]
struct ResiliencePage;

/// The editor's page, whose code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/editor.md")]
struct EditorPage;
