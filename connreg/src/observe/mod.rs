//! What is told of connections to metrics and traces: the names, and what `run` records under them.
//!
//! Metrics go out through the `metrics` crate, spans through `tracing`; without a recorder and a subscriber they cost
//! next to nothing.

mod connection;
pub mod names;
mod operation;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::{Key, Label, Level, Metadata, Recorder, Unit};

pub use operation::OperationStatistics;
pub(crate) use operation::{Operations, Rejected};

use crate::error::ErrorKind;
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

/// As [`describe`], once for a recorder.
fn describe_once(recorder: &dyn Recorder) {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let address = address(recorder);
    if LAST.swap(address, Ordering::Relaxed) != address {
        describe(recorder);
    }
}

/// What tells one recorder from another: a program may install one after its first operation.
fn address(recorder: &dyn Recorder) -> usize {
    std::ptr::from_ref(recorder).cast::<()>().addr()
}

/// The series of `metric` that tells of a connection: with the labels that every metric has, and one `more`.
fn key(metric: &'static str, name: &Arc<str>, kind: ConnectionType, more: Option<Label>) -> Key {
    let mut labels = Vec::with_capacity(5);
    labels.extend([
        Label::new(names::CONNECTION, Arc::clone(name)),
        Label::from_static_parts(names::TYPE, kind.name()),
        Label::from_static_parts(names::CATEGORY, kind.category()),
        Label::from_static_parts(names::SYSTEM, names::system(kind.name())),
    ]);
    labels.extend(more);
    Key::from_parts(metric, labels)
}

/// The label of an error's kind.
fn error_type(kind: ErrorKind) -> Label {
    Label::from_static_parts(names::ERROR_TYPE, kind.as_str())
}
