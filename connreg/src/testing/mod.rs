//! For tests of services and of back ends.
//!
//! What a test says to the [`Builder`](crate::Builder):
//!
//! - [`with_client`](crate::Builder::with_client): a client that the test made, in place of one that is opened;
//! - [`with_backend`](crate::Builder::with_backend): a connection of another type than the configuration says, such as one
//!   that keeps everything in memory;
//! - [`with_faults`](crate::Builder::with_faults): failures on command, on any connection ([`Faults`]);
//! - [`with_scripted`](crate::Builder::with_scripted): a connection without a server, with such failures ([`Scripted`]).
//!
//! For back ends: what each capability promises, as a suite that any implementation can be put through ([`key_value`]);
//! and whether a future can be dropped wherever it waits ([`drop_at_every_await`]).

mod behaviour;
mod builder;
mod drops;
mod faults;
mod given;
pub mod key_value;
mod layer;
mod scripted;

pub use behaviour::{Behaviour, Call};
pub use drops::drop_at_every_await;
pub use faults::{Faults, OpenClient};
pub use scripted::{Scripted, ScriptedClient};

pub(crate) use builder::Arrangements;
pub(crate) use layer::{around, close};
