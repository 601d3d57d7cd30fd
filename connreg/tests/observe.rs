//! What metrics and traces are told of operations.

#[allow(dead_code, reason = "other tests need more of it")]
#[path = "runtime/scripted.rs"]
mod scripted;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use connreg::policy::CallPolicy;
use connreg::{ConnectError, Error, ErrorKind};
use metrics_exporter_prometheus::PrometheusBuilder;
use scripted::{Scripted, one};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, span};

/// One test at a time: whether anybody wants a span is remembered for the whole process, and a test that looks while
/// another one's subscriber comes may have it remembered wrongly.
static TURN: Mutex<()> = Mutex::new(());

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

fn failed(kind: ErrorKind) -> Error {
    ConnectError::new(kind, "scripted").for_connection("scripted", "query")
}

#[test]
fn operations_are_counted_by_connection_and_kind_of_error() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = runtime();
    let settings = [("circuit_breaker.failure_threshold", "4")];
    let (connections, _) = runtime.block_on(one("measured", &settings));
    let connection = connections.get::<Scripted>("measured").unwrap();
    let idempotent = CallPolicy::new().idempotent();
    let work = async {
        connection.run(async |_| Ok::<_, Error>(())).await.unwrap();
        let refused = async |_| Err::<(), _>(failed(ErrorKind::Overloaded));
        let _ = connection.run_with(&idempotent, refused).await;
        let denied = async |_| Err::<(), _>(failed(ErrorKind::Authentication));
        let _ = connection.run(denied).await;
        let _ = connection.run(refused).await;
        connection.run(refused).await.unwrap_err();
    };
    // Before there is a recorder: what it would have been told is lost, what comes later is not.
    runtime
        .block_on(connection.run(async |_| Ok::<_, Error>(())))
        .unwrap();
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || runtime.block_on(work));
    let page = handle.render();
    let labels = "connection=\"measured\",type=\"scripted\",category=\"test\"";
    let system = "db_system_name=\"scripted\"";
    for (name, labels, value) in [
        (
            "db_client_operation_duration_count",
            format!("{labels},{system}"),
            "1",
        ),
        (
            "db_client_operation_duration_count",
            format!("{labels},{system},error_type=\"overloaded\""),
            "3",
        ),
        (
            "connreg_operation_errors",
            format!("{labels},{system},error_type=\"authentication\""),
            "1",
        ),
        (
            "connreg_operation_retries",
            format!("{labels},{system}"),
            "2",
        ),
        (
            "connreg_operation_rejections",
            format!("{labels},{system},reason=\"circuit_breaker\""),
            "1",
        ),
        (
            "connreg_circuit_breaker_state",
            format!("{labels},{system}"),
            "2",
        ),
    ] {
        let wanted: Vec<_> = labels.split(',').collect();
        let found = page.lines().any(|line| {
            let Some((series, found)) = line.rsplit_once(' ') else {
                return false;
            };
            let Some((found_name, found_labels)) = series.trim_end_matches('}').split_once('{')
            else {
                return false;
            };
            let mut found_labels: Vec<_> = found_labels.split(',').collect();
            let mut wanted = wanted.clone();
            wanted.sort_unstable();
            found_labels.sort_unstable();
            found_name == name && found_labels == wanted && found == value
        });
        assert!(found, "{name}{{{labels}}} {value} in\n{page}");
    }
}

/// The spans that were made, with their attributes.
#[derive(Clone, Default)]
struct Spans(Arc<SpansInner>);

#[derive(Default)]
struct SpansInner {
    next: AtomicU64,
    found: Mutex<BTreeMap<u64, BTreeMap<&'static str, String>>>,
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl tracing::Subscriber for Spans {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let id = self.0.next.fetch_add(1, SeqCst) + 1;
        let mut fields = BTreeMap::new();
        fields.insert("span", attributes.metadata().name().to_owned());
        attributes.record(&mut Fields(&mut fields));
        self.0.found.lock().unwrap().insert(id, fields);
        span::Id::from_u64(id)
    }

    fn record(&self, id: &span::Id, values: &span::Record<'_>) {
        let mut found = self.0.found.lock().unwrap();
        values.record(&mut Fields(found.entry(id.into_u64()).or_default()));
    }

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
    fn event(&self, _event: &Event<'_>) {}
    fn enter(&self, _span: &span::Id) {}
    fn exit(&self, _span: &span::Id) {}
}

#[test]
fn each_operation_is_one_span_with_the_conventions_attributes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = runtime();
    let (connections, _) = runtime.block_on(one("traced", &[]));
    let connection = connections.get::<Scripted>("traced").unwrap();
    let spans = Spans::default();
    tracing::subscriber::with_default(spans.clone(), || {
        runtime.block_on(async {
            let call = CallPolicy::new().operation("SELECT");
            connection
                .run_with(&call, async |_| Ok::<_, Error>(()))
                .await
                .unwrap();
            let denied = async |_| Err::<(), _>(failed(ErrorKind::Authentication));
            connection.run(denied).await.unwrap_err();
        });
    });
    let found = spans.0.found.lock().unwrap();
    let operations: Vec<_> = found
        .values()
        .filter(|fields| fields.get("span").is_some_and(|name| name == "operation"))
        .collect();
    let [good, bad] = operations.as_slice() else {
        panic!("one span each: {operations:?}");
    };
    for (key, value) in [
        ("otel.name", "SELECT"),
        ("otel.kind", "client"),
        ("db.system.name", "scripted"),
        ("db.operation.name", "SELECT"),
        ("connection", "traced"),
        ("type", "scripted"),
        ("category", "test"),
    ] {
        assert_eq!(good.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert!(!good.contains_key("error.type"));
    assert_eq!(bad.get("otel.name").map(String::as_str), Some("run"));
    assert_eq!(
        bad.get("error.type").map(String::as_str),
        Some("authentication")
    );
    assert_eq!(
        bad.get("otel.status_code").map(String::as_str),
        Some("ERROR")
    );
}
