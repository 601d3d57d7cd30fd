//! What is told of connections to metrics and traces: the names, and what `run` records under them.
//!
//! Metrics go out through the `metrics` crate, spans through `tracing`; without a recorder and a subscriber they cost
//! next to nothing.

mod connection;
pub mod names;
mod operation;

use std::sync::Arc;

use metrics::{Label, Level, Metadata, Recorder, Unit};

pub use operation::OperationStatistics;
pub(crate) use operation::{Operations, Rejected};

use crate::registry::ConnectionType;
use names::MetricKind;

pub(crate) use connection::attempted;
pub use connection::record;

const METADATA: Metadata<'static> = Metadata::new("connreg", Level::INFO, Some(module_path!()));

/// Tells the recorder what every metric is.
fn describe(recorder: &dyn Recorder) {
    for metric in names::METRICS {
        let (name, help) = (metric.name.into(), metric.help.into());
        match metric.kind {
            MetricKind::Counter => recorder.describe_counter(name, None, help),
            MetricKind::Gauge => recorder.describe_gauge(name, None, help),
            MetricKind::Histogram => {
                recorder.describe_histogram(name, Some(Unit::Seconds), help);
            }
        }
    }
}

/// The labels that every metric has.
fn labels(name: &Arc<str>, kind: ConnectionType) -> Vec<Label> {
    vec![
        Label::new(names::CONNECTION, name.to_string()),
        Label::from_static_parts(names::TYPE, kind.name()),
        Label::from_static_parts(names::CATEGORY, kind.category()),
        Label::from_static_parts(names::SYSTEM, names::system(kind.name())),
    ]
}
