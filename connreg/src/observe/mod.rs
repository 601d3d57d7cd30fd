//! What is told of connections to metrics and traces: the names, and what `run` records under them.
//!
//! Metrics go out through the `metrics` crate, spans through `tracing`; without a recorder and a subscriber they cost
//! next to nothing.

pub mod names;
mod operation;

pub use operation::OperationStatistics;
pub(crate) use operation::{Operations, Rejected};
