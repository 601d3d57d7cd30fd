//! Back ends for `connreg`, one cargo feature each.
//!
//! Each is a settings struct, `Postgres` and so on, and a module with its client. [`BackendType`] has a variant for each
//! that the cargo features include.
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

/// Re-exports each settings struct, and makes the enum of them all.
macro_rules! backends {
    ($($feature:literal => $module:ident::$name:ident),* $(,)?) => {
        $(
            #[cfg(feature = $feature)]
            pub use $module::$name;
        )*

        connreg::connection_enum! {
            /// The connection types of this crate that its cargo features include.
            #[non_exhaustive]
            pub enum BackendType {
                $(
                    #[cfg(feature = $feature)]
                    $module::$name,
                )*
            }
        }
    };
}

backends! {
    "memory" => memory::Memory,
    "postgres" => postgres::Postgres,
    "redis" => redis::Redis,
    "sqlite" => sqlite::Sqlite,
}
