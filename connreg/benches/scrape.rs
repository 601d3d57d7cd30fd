//! What a scrape of a thousand connections costs: recording their figures, rendering them, and the page.
//!
//! Run with `cargo bench -p connreg --features http --bench scrape`.

#[path = "../tests/resting/mod.rs"]
#[allow(dead_code, reason = "other programs need more of it")]
mod resting;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use metrics_exporter_prometheus::PrometheusBuilder;

const CONNECTIONS: usize = 1_000;

fn scrape(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let connections = runtime.block_on(resting::many(CONNECTIONS));
    runtime.block_on(connections.start()).expect("they open");
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("the only one");

    criterion.bench_function("record 1,000", |bencher| {
        bencher.iter(|| connreg::observe::record(black_box(&connections)));
    });
    criterion.bench_function("render 1,000", |bencher| {
        bencher.iter(|| handle.render().len());
    });
    println!("{} bytes", handle.render().len());
}

criterion_group!(benches, scrape);
criterion_main!(benches);
