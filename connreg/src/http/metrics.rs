//! `/metrics`: what the process's recorder holds, in the Prometheus text format.

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::options::Options;
use super::{Shared, answer};
use crate::observe::names::MetricKind;
use crate::observe::{self, names};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The recorder that this library has installed; there is one recorder in a process.
static OURS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Installs a recorder, unless the program has one or brings one.
pub(super) fn install(options: &Options) {
    if options.has_render() {
        return;
    }
    OURS.get_or_init(|| {
        let histograms = names::METRICS
            .iter()
            .filter(|metric| metric.kind == MetricKind::Histogram);
        let mut builder = PrometheusBuilder::new();
        for metric in histograms {
            let name = Matcher::Full(metric.name.to_owned());
            builder = builder.set_buckets_for_metric(name, &names::SECONDS).ok()?;
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        Some(handle)
    });
}

pub(super) async fn scrape(State(watcher): State<Shared>) -> Response {
    observe::record(&watcher.connections);
    if let Some(text) = watcher.options.render() {
        return answer(TEXT, text);
    }
    if let Some(Some(handle)) = OURS.get() {
        handle.run_upkeep();
        return answer(TEXT, handle.render());
    }
    let text = "the program has a metrics recorder of its own: give its rendering to \
                `connreg::http::Options::metrics`\n";
    answer(TEXT, (StatusCode::NOT_IMPLEMENTED, text))
}
