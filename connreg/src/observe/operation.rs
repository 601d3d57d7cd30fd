//! What `run` tells of its operations: figures kept here, metrics through the recorder, one span each.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use metrics::{Counter, Gauge, Histogram, Key, Label, Recorder};
use tracing::Span;

use super::names;
use super::told::Told;
use crate::error::ErrorKind;
use crate::event::BreakerState;
use crate::registry::ConnectionType;

/// What became of a connection's operations since it was loaded; those of `run` and its kin, no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationStatistics {
    /// Operations that came to an end, good or bad; not those whose future was dropped.
    pub operations: u64,
    /// Those that failed.
    pub failures: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Those that were turned away untried by circuit breaker or bulkhead; they count as failures too.
    pub rejections: u64,
    /// How long they took in all.
    pub execution_time: Duration,
}

impl OperationStatistics {
    /// How long an operation took on average.
    pub fn average_time(&self) -> Duration {
        let nanos = self.execution_time.as_nanos() / u128::from(self.operations.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What turned an operation away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    CircuitBreaker,
    Bulkhead,
}

/// The operations of one connection.
pub(crate) struct Operations {
    name: Arc<str>,
    kind: ConnectionType,
    succeeded: AtomicU64,
    failed: AtomicU64,
    retries: AtomicU64,
    rejections: AtomicU64,
    nanos: AtomicU64,
    told: Told,
    handles: ArcSwapOption<Handles>,
}

/// Where the recorder of the moment wants the figures; looked up once, since that takes an allocation.
struct Handles {
    /// The recorder's address.
    recorder: usize,
    duration: Histogram,
    retries: Counter,
    breaker: Gauge,
}

impl Operations {
    pub(crate) fn new(name: Arc<str>, kind: ConnectionType) -> Self {
        Self {
            name,
            kind,
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            rejections: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            told: Told::default(),
            handles: ArcSwapOption::empty(),
        }
    }

    pub(crate) fn statistics(&self) -> OperationStatistics {
        let failures = self.failed.load(Ordering::Relaxed);
        OperationStatistics {
            operations: self.succeeded.load(Ordering::Relaxed) + failures,
            failures,
            retries: self.retries.load(Ordering::Relaxed),
            rejections: self.rejections.load(Ordering::Relaxed),
            execution_time: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }

    /// The span of one operation; disabled, at the price of a look, where nobody subscribes.
    #[inline]
    pub(crate) fn span(&self, operation: Option<&'static str>) -> Span {
        tracing::info_span!(
            "operation",
            otel.name = operation.unwrap_or("run"),
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            db.system.name = names::system(self.kind.name()),
            db.operation.name = operation,
            connection = &*self.name,
            "type" = self.kind.name(),
            category = self.kind.category(),
            "error.type" = tracing::field::Empty,
        )
    }

    #[inline]
    pub(crate) fn succeeded(&self, took: Duration) {
        self.succeeded.fetch_add(1, Ordering::Relaxed);
        self.took(took);
        self.handles(|handles| handles.duration.record(took.as_secs_f64()));
    }

    #[cold]
    pub(crate) fn failed(&self, took: Duration, kind: ErrorKind, span: &Span) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.took(took);
        span.record(names::ERROR_TYPE, kind.as_str());
        span.record("otel.status_code", "ERROR");
        metrics::with_recorder(|recorder| {
            let key = self.key(names::OPERATION_DURATION, Some(super::error_type(kind)));
            recorder
                .register_histogram(&key, &super::METADATA)
                .record(took.as_secs_f64());
            let key = self.key(names::OPERATION_ERRORS, Some(super::error_type(kind)));
            recorder
                .register_counter(&key, &super::METADATA)
                .increment(1);
        });
    }

    #[cold]
    pub(crate) fn rejected(&self, by: Rejected) {
        self.rejections.fetch_add(1, Ordering::Relaxed);
        let reason = match by {
            Rejected::CircuitBreaker => "circuit_breaker",
            Rejected::Bulkhead => "bulkhead",
        };
        metrics::with_recorder(|recorder| {
            let reason = Label::from_static_parts(names::REASON, reason);
            let key = self.key(names::OPERATION_REJECTIONS, Some(reason));
            recorder
                .register_counter(&key, &super::METADATA)
                .increment(1);
        });
    }

    #[cold]
    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
        self.handles(|handles| handles.retries.increment(1));
    }

    #[cold]
    pub(crate) fn breaker_changed(&self, to: BreakerState) {
        let value = match to {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        self.handles(|handles| handles.breaker.set(value));
    }

    pub(super) fn told(&self) -> &Told {
        &self.told
    }

    /// The connection is not configured any more.
    pub(super) fn forget(&self) {
        if self.handles.load().is_some() {
            self.handles(|handles| handles.breaker.set(f64::NAN));
        }
    }

    fn took(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    #[inline]
    fn handles(&self, act: impl FnOnce(&Handles)) {
        metrics::with_recorder(|recorder| {
            let address = super::address(recorder);
            let known: Guard<_> = self.handles.load();
            match &*known {
                Some(handles) if handles.recorder == address => act(handles),
                _ => act(&self.look_up(recorder, address)),
            }
        });
    }

    #[cold]
    fn look_up(&self, recorder: &dyn Recorder, address: usize) -> Arc<Handles> {
        super::describe_once(recorder);
        let handles = Arc::new(Handles {
            recorder: address,
            duration: recorder
                .register_histogram(&self.key(names::OPERATION_DURATION, None), &super::METADATA),
            retries: recorder
                .register_counter(&self.key(names::OPERATION_RETRIES, None), &super::METADATA),
            breaker: recorder
                .register_gauge(&self.key(names::BREAKER_STATE, None), &super::METADATA),
        });
        self.handles.store(Some(Arc::clone(&handles)));
        handles
    }

    fn key(&self, metric: &'static str, more: Option<Label>) -> Key {
        super::key(metric, &self.name, self.kind, more)
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operations({}: {:?})", self.name, self.statistics())
    }
}
