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
