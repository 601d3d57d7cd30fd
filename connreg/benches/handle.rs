//! What it costs to come by an open client: `get`, `client()`, both, and a capability's `client()`.
//!
//! Run with `cargo bench -p connreg --bench handle`.

#[path = "../tests/resting/mod.rs"]
mod resting;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use resting::{Named, Resting, ready};

fn handle(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let connections = runtime.block_on(resting::connections());
    let connection = connections
        .get::<Resting>("resting")
        .expect("it is configured");
    let capability = connections
        .get_as::<dyn Named>("resting")
        .expect("it is provided");
    runtime.block_on(async {
        connection.client().await.expect("it opens");
        capability.client().await.expect("it opens");
    });

    criterion.bench_function("get", |bencher| {
        bencher.iter(|| connections.get::<Resting>(black_box("resting")).map(drop));
    });
    criterion.bench_function("client", |bencher| {
        bencher.iter(|| *ready(black_box(&connection).client()).expect("open"));
    });
    criterion.bench_function("get + client", |bencher| {
        bencher.iter(|| {
            let connection = connections
                .get::<Resting>(black_box("resting"))
                .expect("configured");
            *ready(connection.client()).expect("open")
        });
    });
    criterion.bench_function("capability client", |bencher| {
        bencher.iter(|| {
            ready(black_box(&capability).client())
                .expect("open")
                .name()
                .len()
        });
    });
}

criterion_group!(benches, handle);
criterion_main!(benches);
