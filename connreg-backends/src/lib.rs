//! Back ends for `connreg`, one cargo feature each.
#![forbid(unsafe_code)]

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "tls")]
mod tls;
