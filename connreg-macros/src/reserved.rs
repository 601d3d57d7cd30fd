//! Names that every connection has, whatever its type.

/// The settings of every connection, with their aliases; a test in `connreg` compares them with the policy.
pub(crate) static RESERVED: &[&str] = &[
    "type",
    "connection_type",
    "connect_timeout",
    "connection_timeout",
    "operation_timeout",
    "pool",
    "pool_size",
    "connection_pool_size",
    "pool_timeout",
    "pool_recycle",
    "connection_lifetime",
    "retry",
    "circuit_breaker",
    "health_check",
    "health_check_interval",
    "required",
    "lazy",
    "enabled",
    "tags",
];
