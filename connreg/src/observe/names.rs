//! Every name that metrics and spans go by: OpenTelemetry's semantic conventions where they have one, else `connreg.…`.
//!
//! Every metric has the labels [`CONNECTION`], [`TYPE`] and [`CATEGORY`].

/// Histogram, seconds: how long operations took, all attempts and delays included. Failed ones have [`ERROR_TYPE`].
pub const OPERATION_DURATION: &str = "db.client.operation.duration";
/// Counter: operations that failed, by [`ERROR_TYPE`].
pub const OPERATION_ERRORS: &str = "connreg.operation.errors";
/// Counter: attempts beyond the first.
pub const OPERATION_RETRIES: &str = "connreg.operation.retries";
/// Counter: operations that were turned away untried, by [`REASON`]: `circuit_breaker`, `bulkhead`.
pub const OPERATION_REJECTIONS: &str = "connreg.operation.rejections";
/// Gauge: 0 closed, 1 half-open, 2 open.
pub const BREAKER_STATE: &str = "connreg.circuit_breaker.state";

/// Gauge: 1 in the state [`STATE`] that the connection is in, 0 in the others.
pub const CONNECTION_STATE: &str = "connreg.connection.state";
/// Gauge: 1 if nothing is known that would keep the connection from working, else 0. Has [`REQUIRED`].
pub const CONNECTION_UP: &str = "connreg.connection.up";
/// Gauge: operations under way.
pub const CONNECTION_EXECUTING: &str = "connreg.connection.executing";
/// Counter: clients that were opened.
pub const CONNECTION_OPENED: &str = "connreg.connection.opened";
/// Counter: attempts to open and checks that failed.
pub const CONNECTION_FAILURES: &str = "connreg.connection.failures";
/// Counter: how often the connection went over to another server.
pub const CONNECTION_FAILOVERS: &str = "connreg.connection.failovers";
/// Histogram, seconds: how long opening took. Failed attempts have [`ERROR_TYPE`].
pub const CONNECT_DURATION: &str = "connreg.connection.connect.duration";
/// Gauge, seconds: how long the last check took.
pub const CHECK_DURATION: &str = "connreg.connection.check.duration";
/// Gauge: 1 for the kind [`ERROR_TYPE`] of the error that keeps the connection from working.
pub const LAST_ERROR: &str = "connreg.connection.last_error";

/// Gauge: connections of the pool in the state [`POOL_STATE`]: `used`, `idle`.
pub const POOL_COUNT: &str = "db.client.connection.count";
/// Gauge: the most connections that the pool may open.
pub const POOL_MAX: &str = "db.client.connection.max";
/// Gauge: callers that wait for a connection of the pool.
pub const POOL_PENDING: &str = "db.client.connection.pending_requests";
/// Counter: callers that waited in vain.
pub const POOL_TIMEOUTS: &str = "db.client.connection.timeouts";
/// Counter: connections that were asked for.
pub const POOL_REQUESTS: &str = "connreg.pool.requests";
/// Counter: connections that the pool has opened.
pub const POOL_CREATED: &str = "connreg.pool.created";
/// Counter: connections that the pool has closed.
pub const POOL_CLOSED: &str = "connreg.pool.closed";
/// Counter, milliseconds: how long callers have waited in all.
pub const POOL_WAIT_TIME: &str = "connreg.pool.wait_time_ms";

/// Every metric, with its kind, its unit and what it is.
pub const METRICS: &[Metric] = &[
    Metric::histogram(
        OPERATION_DURATION,
        "How long operations took, all attempts and delays included.",
    ),
    Metric::counter(OPERATION_ERRORS, "Operations that failed."),
    Metric::counter(OPERATION_RETRIES, "Attempts beyond the first."),
    Metric::counter(
        OPERATION_REJECTIONS,
        "Operations that were turned away untried.",
    ),
    Metric::gauge(
        BREAKER_STATE,
        "The circuit breaker: 0 closed, 1 half-open, 2 open.",
    ),
    Metric::gauge(
        CONNECTION_STATE,
        "1 in the state that the connection is in, 0 in the others.",
    ),
    Metric::gauge(
        CONNECTION_UP,
        "1 if nothing is known that would keep the connection from working, else 0.",
    ),
    Metric::gauge(CONNECTION_EXECUTING, "Operations under way."),
    Metric::counter(CONNECTION_OPENED, "Clients that were opened."),
    Metric::counter(
        CONNECTION_FAILURES,
        "Attempts to open and checks that failed.",
    ),
    Metric::counter(
        CONNECTION_FAILOVERS,
        "How often the connection went over to another server.",
    ),
    Metric::histogram(CONNECT_DURATION, "How long opening took."),
    Metric::gauge(CHECK_DURATION, "How long the last check took, in seconds."),
    Metric::gauge(
        LAST_ERROR,
        "1 for the kind of the error that keeps the connection from working.",
    ),
    Metric::gauge(POOL_COUNT, "Connections of the pool by state: used, idle."),
    Metric::gauge(POOL_MAX, "The most connections that the pool may open."),
    Metric::gauge(
        POOL_PENDING,
        "Callers that wait for a connection of the pool.",
    ),
    Metric::counter(POOL_TIMEOUTS, "Callers that waited in vain."),
    Metric::counter(POOL_REQUESTS, "Connections that were asked of the pool."),
    Metric::counter(POOL_CREATED, "Connections that the pool has opened."),
    Metric::counter(POOL_CLOSED, "Connections that the pool has closed."),
    Metric::counter(
        POOL_WAIT_TIME,
        "How long callers have waited in all, in milliseconds.",
    ),
];

/// The buckets of the histograms, in seconds: those that the conventions advise for database operations.
pub const SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// One metric.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: MetricKind,
    /// What it is.
    pub help: &'static str,
}

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts what was observed by size; ours are in seconds.
    Histogram,
}

impl Metric {
    const fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind: MetricKind::Counter,
            help,
        }
    }

    const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind: MetricKind::Gauge,
            help,
        }
    }

    const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind: MetricKind::Histogram,
            help,
        }
    }
}

/// Label: where a connection is in its life, as [`State::as_str`](crate::State::as_str) says.
pub const STATE: &str = "state";
/// Label: `true` or `false`: whether the service is unhealthy without the connection.
pub const REQUIRED: &str = "required";
/// Label: `used` or `idle`.
pub const POOL_STATE: &str = "db.client.connection.state";
/// Label and attribute: the connection's name, as it was configured.
pub const CONNECTION: &str = "connection";
/// Label and attribute: the connection's type.
pub const TYPE: &str = "type";
/// Label and attribute: the type's category.
pub const CATEGORY: &str = "category";
/// Label and attribute: what went wrong, as [`ErrorKind::as_str`](crate::ErrorKind::as_str) says.
pub const ERROR_TYPE: &str = "error.type";
/// Label: why an operation was turned away.
pub const REASON: &str = "reason";
/// Label and attribute: the product, as the conventions spell it.
pub const SYSTEM: &str = "db.system.name";

/// The conventions' word for a product, where it differs from the connection type's name.
pub(crate) fn system(connection_type: &'static str) -> &'static str {
    match connection_type {
        "postgres" => "postgresql",
        "mssql" | "sqlserver" => "microsoft.sql_server",
        "oracle" => "oracle.db",
        "dynamodb" => "aws.dynamodb",
        "cosmosdb" => "azure.cosmosdb",
        other => other,
    }
}
