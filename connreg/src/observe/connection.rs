//! Metrics of connections and their pools. Most are figures that are kept anyway, and are recorded when somebody looks.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Key, Label, Recorder};

use super::told::Told;
use super::{METADATA, describe, error_type, key, names};
use crate::connection::{AnyConnection, ConnectionInfo, Core};
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
        for connection in connections.departed() {
            Subject::of(&connection, recorder).forget();
        }
        for connection in connections.iter() {
            Subject::of(&connection, recorder).record(&connection.info());
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
        let key = key(names::CONNECT_DURATION, name, kind, error.map(error_type));
        recorder
            .register_histogram(&key, &METADATA)
            .record(took.as_secs_f64());
    });
}

/// The connection whose figures are being recorded.
struct Subject<'a> {
    core: &'a Core,
    recorder: &'a dyn Recorder,
}

impl<'a> Subject<'a> {
    fn of(connection: &'a AnyConnection, recorder: &'a dyn Recorder) -> Self {
        Self {
            core: connection.0.core(),
            recorder,
        }
    }

    fn told(&self) -> &Told {
        self.core.operations().told()
    }

    fn record(&self, info: &ConnectionInfo) {
        for state in State::ALL {
            self.state(state, flag(info.state == state));
        }
        let up = flag(info.state.is_available());
        for required in self.told().required(Some(info.required)) {
            self.up(required, if required == info.required { up } else { GONE });
        }
        self.gauge(names::CONNECTION_EXECUTING, None, number(info.executing));
        self.counter(names::CONNECTION_OPENED, info.connects);
        self.counter(names::CONNECTION_FAILURES, info.failures);
        self.counter(names::CONNECTION_FAILOVERS, info.failovers);
        if self.told().latency(info.latency.is_some()) {
            let latency = info.latency.map_or(GONE, |latency| latency.as_secs_f64());
            self.gauge(names::CHECK_DURATION, None, latency);
        }
        let kind = info.last_error.as_ref().map(crate::Error::kind);
        for each in self.told().errors(kind) {
            self.last_error(each, flag(kind == Some(each)));
        }
        if self.told().pool(info.pool.is_some()) {
            // Without a client its pool is empty.
            self.pool(&info.pool.unwrap_or_default());
        }
    }

    /// The connection is not configured any more. Recorders forget nothing, and what was last known of it would be told
    /// for ever: an outage, for one.
    fn forget(&self) {
        for state in State::ALL {
            self.state(state, GONE);
        }
        for required in self.told().required(None) {
            self.up(required, GONE);
        }
        for each in self.told().errors(None) {
            self.last_error(each, GONE);
        }
        let mut gauges = vec![names::CONNECTION_EXECUTING];
        if self.told().latency(false) {
            gauges.push(names::CHECK_DURATION);
        }
        if self.told().pool(false) {
            self.pool_counts(GONE, GONE);
            gauges.extend([names::POOL_MAX, names::POOL_PENDING]);
        }
        for gauge in gauges {
            self.gauge(gauge, None, GONE);
        }
        self.core.operations().forget();
    }

    fn state(&self, state: State, value: f64) {
        let label = Label::from_static_parts(names::STATE, state.as_str());
        self.gauge(names::CONNECTION_STATE, Some(label), value);
    }

    fn up(&self, required: bool, value: f64) {
        let required = if required { "true" } else { "false" };
        let label = Label::from_static_parts(names::REQUIRED, required);
        self.gauge(names::CONNECTION_UP, Some(label), value);
    }

    fn last_error(&self, kind: ErrorKind, value: f64) {
        self.gauge(names::LAST_ERROR, Some(error_type(kind)), value);
    }

    fn pool_counts(&self, active: f64, idle: f64) {
        for (state, count) in [("used", active), ("idle", idle)] {
            let label = Label::from_static_parts(names::POOL_STATE, state);
            self.gauge(names::POOL_COUNT, Some(label), count);
        }
    }

    fn pool(&self, pool: &PoolStatistics) {
        self.pool_counts(f64::from(pool.active), f64::from(pool.idle));
        self.gauge(names::POOL_MAX, None, f64::from(pool.max_size));
        self.gauge(names::POOL_PENDING, None, f64::from(pool.waiting));
        self.counter(names::POOL_TIMEOUTS, pool.timeouts);
        self.counter(names::POOL_REQUESTS, pool.requests);
        self.counter(names::POOL_CREATED, pool.created);
        self.counter(names::POOL_CLOSED, pool.closed);
        let waited = u64::try_from(pool.wait_time.as_millis()).unwrap_or(u64::MAX);
        self.counter(names::POOL_WAIT_TIME, waited);
    }

    fn key(&self, metric: &'static str, more: Option<Label>) -> Key {
        key(metric, self.core.name(), self.core.connection_type(), more)
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

/// What a gauge shows of which nothing can be said any more.
const GONE: f64 = f64::NAN;

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
