//! For tests of services: a client that a test hands in, by
//! [`Builder::with_client`](crate::Builder::with_client).
//!
//! For tests of back ends: what each capability promises, as a suite that any implementation can be put
//! through; and whether a future can be dropped wherever it waits.

mod drops;
mod given;
pub mod key_value;

pub use drops::drop_at_every_await;

pub(crate) use given::GivenClients;
