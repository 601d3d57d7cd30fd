//! Back ends for `connreg`, one cargo feature each.
//!
//! A back end is linked, and so known to configuration, as soon as this crate is named: by using one of its types, or by
//! `use connreg_backends as _;`.
#![forbid(unsafe_code)]

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "postgres")]
mod tls;

/// Each entry becomes a re-export and a variant.
macro_rules! backends {
    ($(#[cfg $feature:tt] $module:ident::$backend:ident,)+) => {
        $(#[cfg $feature] pub use $module::$backend;)+

        connreg::connection_enum! {
            /// The back ends of this crate that the features include, for an exhaustive `match`.
            pub enum BackendType {
                $(#[cfg $feature] $module::$backend,)+
            }
        }
    };
}

backends! {
    #[cfg(feature = "memory")] memory::Memory,
    #[cfg(feature = "postgres")] postgres::Postgres,
    #[cfg(feature = "redis")] redis::Redis,
    #[cfg(feature = "sqlite")] sqlite::Sqlite,
}
