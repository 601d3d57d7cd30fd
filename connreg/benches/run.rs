//! What `run` costs over the bare call, and what retry and breaker cost around a function.
//!
//! Run with `cargo bench -p connreg --bench run`.

#[path = "../tests/resting/mod.rs"]
#[allow(dead_code, reason = "the other benchmark needs more of it")]
mod resting;

use std::hint::black_box;

use connreg::policy::{circuit_breaker, retry};
use connreg::{CircuitBreakerSettings, Error, RetrySettings};
use criterion::{Criterion, criterion_group, criterion_main};
use resting::{Resting, ready};

fn run(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let plain = runtime.block_on(resting::connections());
    let guarded = runtime.block_on(resting::guarded());
    let plain = plain.get::<Resting>("resting").expect("configured");
    let guarded = guarded.get::<Resting>("resting").expect("configured");
    runtime.block_on(async {
        plain.client().await.expect("it opens");
        guarded.client().await.expect("it opens");
    });
    // Deadlines need a runtime's clock.
    let _entered = runtime.enter();

    criterion.bench_function("bare call", |bencher| {
        bencher.iter(|| *ready(black_box(&plain).client()).expect("open"));
    });
    criterion.bench_function("run", |bencher| {
        bencher.iter(|| {
            ready(black_box(&plain).run(|client| async move { Ok::<_, Error>(*client) }))
                .expect("it works")
        });
    });
    criterion.bench_function("run with deadline and bulkhead", |bencher| {
        bencher.iter(|| {
            ready(black_box(&guarded).run(|client| async move { Ok::<_, Error>(*client) }))
                .expect("it works")
        });
    });
    let both = retry(RetrySettings::default())
        .circuit_breaker(circuit_breaker("bench", CircuitBreakerSettings::default()));
    criterion.bench_function("retry and breaker around a function", |bencher| {
        bencher.iter(|| {
            ready(black_box(&both).run(|| async { Ok::<_, Error>(black_box(1)) }))
                .expect("it works")
        });
    });
}

criterion_group!(benches, run);
criterion_main!(benches);
