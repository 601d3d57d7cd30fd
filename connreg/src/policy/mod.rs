//! What every connection can be told, whatever its type: time-outs, pool, retry, breaker, health check.
//!
//! The defaults' sources: `HikariCP` (pool), `MongoDB`'s CMAP (`max_connecting`), resilience4j and failsafe-go
//! (retry, breaker), `HikariCP` and sqlx (lifetimes).

use std::time::Duration;

use crate::Settings;

/// The settings that every connection has.
#[derive(Settings)]
pub struct Policy {
    /// How long opening the connection may take, all retries of the driver included.
    #[setting(default = "10s", range = "1ms..=10min", alias = "connection_timeout")]
    pub connect_timeout: Duration,
    /// How long one operation may take; without it, as long as the caller waits.
    #[setting(range = "1ms..=24h")]
    pub operation_timeout: Option<Duration>,
    /// The pool, for types that have one.
    #[setting(default)]
    pub pool: PoolSettings,
    /// Trying again after a transient failure.
    #[setting(default)]
    pub retry: RetrySettings,
    /// Failing fast while a server is known to be down.
    #[setting(default)]
    pub circuit_breaker: CircuitBreakerSettings,
    /// Looking after the connection while nobody uses it.
    #[setting(default)]
    pub health_check: HealthCheckSettings,
    /// Whether the service is unhealthy without this connection.
    #[setting(default = true)]
    pub required: bool,
    /// Whether it is opened at first use rather than at the start.
    #[setting(default = true)]
    pub lazy: bool,
    /// Whether it exists at all; a disabled one is as if it were not written.
    #[setting(default = true)]
    pub enabled: bool,
    /// Words to find and group connections by.
    #[setting(default)]
    pub tags: Vec<String>,
}

/// The pool of a connection whose type has one.
#[derive(Settings)]
pub struct PoolSettings {
    /// The most connections at a time.
    #[setting(default = 10, range = 1..=10_000, alias = "maximum_size")]
    pub max_size: u32,
    /// How many are kept open even if idle.
    #[setting(default = 0, range = 0..=10_000, alias = "min_idle")]
    pub min_size: u32,
    /// How long a caller waits for a free one.
    #[setting(default = "5s", range = "1ms..=10min")]
    pub acquire_timeout: Duration,
    /// How long one may lie idle before it is closed.
    #[setting(default = "10min", range = "1s..=24h")]
    pub idle_timeout: Duration,
    /// How long one is used at the most, less a random tenth at the most.
    #[setting(default = "30min", range = "1s..=168h")]
    pub max_lifetime: Duration,
    /// Whether one is tested before it is handed out.
    #[setting(default)]
    pub test_on_borrow: TestOnBorrow,
    /// Whether idle ones are tested from time to time.
    #[setting(default = false)]
    pub test_while_idle: bool,
    /// How many are opened side by side.
    #[setting(default = 2, range = 1..=100)]
    pub max_connecting: u32,
}

/// When a pooled connection is tested before use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub enum TestOnBorrow {
    /// If it has been idle for over a second.
    #[default]
    Auto,
    /// Each time, at the price of a round trip.
    #[setting(alias = "true")]
    Always,
    /// Never.
    #[setting(alias = "false")]
    Never,
}

/// Trying again after a transient failure.
#[derive(Settings)]
pub struct RetrySettings {
    /// How often an operation is tried in all.
    #[setting(default = 3, range = 1..=100, alias = "max_retries")]
    pub max_attempts: u32,
    /// The first delay.
    #[setting(default = "100ms", range = "1ms..=10min", alias = "initial_delay")]
    pub base_delay: Duration,
    /// The longest delay.
    #[setting(default = "10s", range = "1ms..=1h")]
    pub max_delay: Duration,
    /// How much longer each delay is than the one before.
    #[setting(default = 2.0, range = 1.0..=100.0)]
    pub multiplier: f64,
    /// How delays are spread at random.
    #[setting(default)]
    pub jitter: Jitter,
    /// How delays grow.
    #[setting(default, alias = "type")]
    pub strategy: RetryStrategy,
}

/// How a delay is spread at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub enum Jitter {
    /// Anything from nothing to the whole delay.
    #[default]
    Full,
    /// Half the delay and up to half more.
    Equal,
    /// Not at all.
    None,
}

/// How delays between attempts grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub enum RetryStrategy {
    /// Each `multiplier` times the one before.
    #[default]
    #[setting(alias = "exponential_backoff")]
    Exponential,
    /// Each longer by `base_delay`.
    Linear,
    /// All the same.
    Fixed,
    /// At random between `base_delay` and three times the one before.
    Decorrelated,
}

/// Failing fast while a server is known to be down.
#[derive(Settings)]
pub struct CircuitBreakerSettings {
    /// How many failures within the window open it.
    #[setting(default = 5, range = 1..=10_000)]
    pub failure_threshold: u32,
    /// How long a failure counts.
    #[setting(default = "60s", range = "1s..=24h")]
    pub failure_window: Duration,
    /// How long it stays open.
    #[setting(default = "30s", range = "1ms..=24h")]
    pub recovery_timeout: Duration,
    /// How many successes close it again.
    #[setting(default = 2, range = 1..=1_000)]
    pub success_threshold: u32,
}

/// Looking after the connection while nobody uses it.
#[derive(Settings)]
pub struct HealthCheckSettings {
    /// Whether the monitor looks at all.
    #[setting(default = true)]
    pub enabled: bool,
    /// How often, give or take a tenth.
    #[setting(default = "30s", range = "1s..=24h")]
    pub interval: Duration,
    /// How long a check may take.
    #[setting(default = "5s", range = "1ms..=10min")]
    pub timeout: Duration,
    /// How many failed checks in a row make the connection unhealthy.
    #[setting(default = 3, range = 1..=1_000)]
    pub failure_threshold: u32,
    /// How many good checks in a row make it healthy again.
    #[setting(default = 1, range = 1..=1_000)]
    pub success_threshold: u32,
}
