//! What every connection can be told, whatever its type: time-outs, pool, retry, breaker, bulkhead, health check.
//!
//! The settings are here; the engines that act on them are in the modules beside, as far as a user meets them:
//! [`retry`] and [`circuit_breaker`] for functions of one's own, [`CallPolicy`] for one call of
//! [`run_with`](crate::Connection::run_with), [`Classify`] for one's own errors.
//!
//! The defaults' sources: `HikariCP` (pool, leak warning), `MongoDB`'s CMAP (`max_connecting`), resilience4j and
//! failsafe-go (retry, budget, breaker), `HikariCP` and sqlx (lifetimes), sqlx (slow acquire).

mod breaker;
mod budget;
mod bulkhead;
mod call;
mod delays;
mod fault;
mod guarded;
mod pace;
mod resilience;
mod retryable;

use std::time::Duration;

use crate::Settings;

pub(crate) use breaker::Change;
pub use breaker::{CircuitBreaker, Permit};
pub use call::CallPolicy;
pub(crate) use call::{Deadline, Repeat};
pub use fault::{ByType, Classifier, Classify, Fault};
pub use guarded::{Guarded, Retry, circuit_breaker, retry};
pub(crate) use pace::Pace;
pub(crate) use resilience::Resilience;
pub use retryable::{Guard, Retryable};

/// The settings that every connection has.
#[derive(PartialEq, Settings)]
pub struct Policy {
    /// The named policy, one of `policies`, that says what is not written here.
    #[setting(example = "gentle")]
    pub policy: Option<String>,
    /// How long opening the connection may take, all retries of the driver included.
    #[setting(default = "10s", range = "1ms..=10min", alias = "connection_timeout")]
    pub connect_timeout: Duration,
    /// How long one operation may take; without it, as long as the caller waits.
    #[setting(range = "1ms..=24h")]
    pub operation_timeout: Option<Duration>,
    /// How long work in flight is waited for when the connection is closed.
    #[setting(default = "30s", range = "0s..=1h")]
    pub close_timeout: Duration,
    /// The pool, for types that have one.
    #[setting(default)]
    pub pool: PoolSettings,
    /// Trying again after a transient failure.
    #[setting(default, alias = "retry_policy")]
    pub retry: RetrySettings,
    /// Failing fast while a server is known to be down.
    #[setting(default)]
    pub circuit_breaker: CircuitBreakerSettings,
    /// A limit to operations at a time, beside that of a pool.
    #[setting(default)]
    pub bulkhead: BulkheadSettings,
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
#[derive(PartialEq, Settings)]
pub struct PoolSettings {
    /// The most connections at a time.
    #[setting(default = 10, range = 1..=10_000, alias = "maximum_size", alias = "max_pool_size")]
    pub max_size: u32,
    /// How many are opened without being asked for, and kept open even if idle.
    #[setting(default = 0, range = 0..=10_000, alias = "min_idle", alias = "min_pool_size")]
    pub min_size: u32,
    /// How long a caller waits for a free one.
    #[setting(default = "5s", range = "1ms..=10min")]
    pub acquire_timeout: Duration,
    /// How long one may lie idle before it is closed.
    #[setting(
        default = "10min",
        range = "1s..=24h",
        alias = "connection_idle_lifetime"
    )]
    pub idle_timeout: Duration,
    /// How long one is used at the most. Each ends up to a tenth earlier at random, or still earlier
    /// where more than a tenth of the pool would end within a minute.
    #[setting(default = "30min", range = "1s..=168h")]
    pub max_lifetime: Duration,
    /// Whether one is tested before it is handed out.
    #[setting(default)]
    pub test_on_borrow: TestOnBorrow,
    /// Whether idle ones are tested every 30 s.
    #[setting(default = false)]
    pub test_while_idle: bool,
    /// How many are opened side by side.
    #[setting(default = 2, range = 1..=100)]
    pub max_connecting: u32,
    /// One that is out for longer is told of as a leak; `0s`: never.
    #[setting(default = "60s", range = "0s..=24h")]
    pub leak_warning: Duration,
    /// A wait for a free one that takes longer is told of; `0s`: never.
    #[setting(default = "2s", range = "0s..=24h")]
    pub slow_acquire_warning: Duration,
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
#[derive(PartialEq, Settings)]
pub struct RetrySettings {
    /// Whether anything is tried again at all.
    #[setting(default = true)]
    pub enabled: bool,
    /// How often an operation is tried in all, the first time counted; `max_retries` and its like don't count it.
    #[setting(
        default = 3,
        range = 1..=100,
        alias = "max_retries",
        alias = "max_retry_attempts",
        alias = "max_retry_count",
        alias = "retry_count"
    )]
    pub max_attempts: u32,
    /// The first delay.
    #[setting(
        default = "100ms",
        range = "1ms..=10min",
        alias = "initial_delay",
        alias = "delay"
    )]
    pub base_delay: Duration,
    /// The longest delay.
    #[setting(default = "10s", range = "1ms..=1h", alias = "max_retry_delay")]
    pub max_delay: Duration,
    /// How much longer each delay is than the one before.
    #[setting(default = 2.0, range = 1.0..=100.0, alias = "backoff_multiplier")]
    pub multiplier: f64,
    /// How delays are spread at random.
    #[setting(default, alias = "use_jitter")]
    pub jitter: Jitter,
    /// How delays grow.
    #[setting(default, alias = "type", alias = "backoff_type")]
    pub strategy: RetryStrategy,
    /// How much may be tried again at a time, so that retries don't bury a server that struggles.
    #[setting(default)]
    pub budget: RetryBudgetSettings,
}

/// How much of a connection's work in flight may be retries.
#[derive(PartialEq, Settings)]
pub struct RetryBudgetSettings {
    /// Whether retries are limited so.
    #[setting(default = true)]
    pub enabled: bool,
    /// The share of work in flight that may be retries: 0.2 is a fifth.
    #[setting(default = 0.2, range = 0.0..=1.0)]
    pub ratio: f64,
    /// How many retries at a time are always allowed.
    #[setting(default = 3, range = 0..=10_000)]
    pub min_concurrent: u32,
}

/// How a delay is spread at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
pub enum Jitter {
    /// Anything from nothing to the whole delay.
    #[default]
    #[setting(alias = "true")]
    Full,
    /// Half the delay and up to half more.
    Equal,
    /// Not at all.
    #[setting(alias = "false")]
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
    #[setting(alias = "linear_backoff")]
    Linear,
    /// All the same.
    #[setting(alias = "constant", alias = "fixed_delay", alias = "fixed_interval")]
    Fixed,
    /// At random between `base_delay` and three times the one before.
    Decorrelated,
}

/// Failing fast while a server is known to be down.
#[derive(PartialEq, Settings)]
pub struct CircuitBreakerSettings {
    /// Whether it opens at all.
    #[setting(default = true)]
    pub enabled: bool,
    /// How many failures within the window open it.
    #[setting(default = 5, range = 1..=10_000)]
    pub failure_threshold: u32,
    /// How long a failure counts.
    #[setting(default = "60s", range = "1s..=24h", alias = "sampling_duration")]
    pub failure_window: Duration,
    /// How long it stays open.
    #[setting(
        default = "30s",
        range = "1ms..=24h",
        alias = "break_duration",
        alias = "duration_of_break"
    )]
    pub recovery_timeout: Duration,
    /// How many successes close it again.
    #[setting(default = 2, range = 1..=1_000)]
    pub success_threshold: u32,
}

/// A limit to the operations that a connection runs at a time.
#[derive(PartialEq, Settings)]
pub struct BulkheadSettings {
    /// How many may run at a time; without it, any number.
    #[setting(range = 1..=1_000_000, alias = "max_parallelization", alias = "permit_limit")]
    pub max_concurrent: Option<u32>,
    /// How many more may wait for their turn; without it, any number.
    #[setting(range = 0..=1_000_000, alias = "max_queuing_actions", alias = "queue_limit")]
    pub max_queue: Option<u32>,
    /// How long one may wait for its turn.
    #[setting(default = "5s", range = "0s..=10min")]
    pub max_wait: Duration,
}

/// Looking after the connection while nobody uses it.
#[derive(PartialEq, Settings)]
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
