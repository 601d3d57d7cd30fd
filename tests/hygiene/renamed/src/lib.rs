//! Connection types where generated code has the least to lean on: `connreg` has another name, there is no prelude, unsafe
//! code is forbidden, every public item needs documentation, and each module adds something in the way.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
#![deny(
    missing_docs,
    missing_debug_implementations,
    non_local_definitions,
    unreachable_pub,
    unused,
    unused_qualifications
)]

pub extern crate renamed;

/// Implements `Backend` with the settings as the client.
macro_rules! backend {
    ($name:ident) => {
        impl ::renamed::Backend for $name {
            type Client = Self;

            async fn connect(
                &self,
                _: &::renamed::Context,
            ) -> ::core::result::Result<Self, ::renamed::ConnectError> {
                ::core::result::Result::Ok(::core::clone::Clone::clone(self))
            }

            async fn check(_: &Self) -> ::core::result::Result<(), ::renamed::ConnectError> {
                ::core::result::Result::Ok(())
            }
        }
    };
}

pub mod closed;
pub mod conditional;
pub mod every_word;
pub mod from_macro;
pub mod in_function;
pub mod provider;
pub mod shadowed;
