//! Metrics of connections and their pools. Most are figures that are kept anyway, and are recorded when somebody looks.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Key, Label, Recorder};

use super::{METADATA, describe, labels, names};
use crate::connection::ConnectionInfo;
use crate::connections::Connections;
use crate::error::ErrorKind;
use crate::lifecycle::State;
use crate::pool::PoolStatistics;
use crate::registry::ConnectionType;

/// Records the figures of every connection and pool as they are now, through the recorder that the program has
/// installed. The router's `/metrics` does it by itself; for another exporter, call it as often as that one sends.
///
/// # Examples
///
/// ```no_run
/// # async fn example(connections: connreg::Connections) {
/// let mut every = tokio::time::interval(std::time::Duration::from_secs(10));
/// loop {
///     every.tick().await;
///     connreg::observe::record(&connections);
/// }
/// # }
/// ```
pub fn record(connections: &Connections) {
    metrics::with_recorder(|recorder| {
        describe(recorder);
        for info in connections.status().details {
            Subject::of(&info, recorder).record(&info);
        }
    });
}

/// Records an attempt to open a client.
pub(crate) fn attempted(
    name: &Arc<str>,
    kind: ConnectionType,
    took: Duration,
    error: Option<ErrorKind>,
) {
    metrics::with_recorder(|recorder| {
        let mut labels = labels(name, kind);
        let failed = |kind: ErrorKind| Label::from_static_parts(names::ERROR_TYPE, kind.as_str());
        labels.extend(error.map(failed));
        recorder
            .register_histogram(&Key::from_parts(names::CONNECT_DURATION, labels), &METADATA)
            .record(took.as_secs_f64());
    });
}

/// The connection whose figures are being recorded.
struct Subject<'a> {
    labels: Vec<Label>,
    recorder: &'a dyn Recorder,
}

impl<'a> Subject<'a> {
    fn of(info: &ConnectionInfo, recorder: &'a dyn Recorder) -> Self {
        Self {
            labels: labels(&info.name.as_str().into(), info.connection_type),
            recorder,
        }
    }

    fn record(&self, info: &ConnectionInfo) {
        for state in State::ALL {
            let label = Label::from_static_parts(names::STATE, state.as_str());
            self.gauge(
                names::CONNECTION_STATE,
                Some(label),
                flag(info.state == state),
            );
        }
        let required = if info.required { "true" } else { "false" };
        let label = Label::from_static_parts(names::REQUIRED, required);
        self.gauge(
            names::CONNECTION_UP,
            Some(label),
            flag(info.state.is_available()),
        );
        self.gauge(names::CONNECTION_EXECUTING, None, number(info.executing));
        self.counter(names::CONNECTION_OPENED, info.connects);
        self.counter(names::CONNECTION_FAILURES, info.failures);
        self.counter(names::CONNECTION_FAILOVERS, info.failovers);
        if let Some(latency) = info.latency {
            self.gauge(names::CHECK_DURATION, None, latency.as_secs_f64());
        }
        let kind = info.last_error.as_ref().map(crate::Error::kind);
        for each in ErrorKind::ALL {
            let label = Label::from_static_parts(names::ERROR_TYPE, each.as_str());
            self.gauge(names::LAST_ERROR, Some(label), flag(kind == Some(each)));
        }
        if let Some(pool) = &info.pool {
            self.pool(pool);
        }
    }

    fn pool(&self, pool: &PoolStatistics) {
        for (state, count) in [("used", pool.active), ("idle", pool.idle)] {
            let label = Label::from_static_parts(names::POOL_STATE, state);
            self.gauge(names::POOL_COUNT, Some(label), f64::from(count));
        }
        self.gauge(names::POOL_MAX, None, f64::from(pool.max_size));
        self.gauge(names::POOL_PENDING, None, f64::from(pool.waiting));
        self.counter(names::POOL_TIMEOUTS, pool.timeouts);
        self.counter(names::POOL_REQUESTS, pool.requests);
        self.counter(names::POOL_CREATED, pool.created);
        self.counter(names::POOL_CLOSED, pool.closed);
        let waited = u64::try_from(pool.wait_time.as_millis()).unwrap_or(u64::MAX);
        self.counter(names::POOL_WAIT_TIME, waited);
    }

    fn key(&self, name: &'static str, more: Option<Label>) -> Key {
        let mut labels = self.labels.clone();
        labels.extend(more);
        Key::from_parts(name, labels)
    }

    fn gauge(&self, name: &'static str, more: Option<Label>, value: f64) {
        let gauge = self
            .recorder
            .register_gauge(&self.key(name, more), &METADATA);
        gauge.set(value);
    }

    /// What is counted since the connection was loaded is told as it is.
    fn counter(&self, name: &'static str, value: u64) {
        let counter = self
            .recorder
            .register_counter(&self.key(name, None), &METADATA);
        counter.absolute(value);
    }
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
