//! Warnings of leases that are held, and of callers that wait, for too long.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connreg::pool::Pool;
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::world::{Made, World};

/// Keeps what is logged, one line each.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("connreg")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_held_for_a_minute_is_told_of_once_with_its_place() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let pool = Pool::builder("leaky", Made(World::new())).build();
    let place = format!("warnings.rs:{}:", line!() + 1);
    let held = pool.acquire().await.unwrap();
    sleep(Duration::from_secs(59)).await;
    let short = pool.acquire().await.unwrap();
    assert_eq!(log.lines(), [""; 0]);
    sleep(Duration::from_secs(2)).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains(&place) && lines[0].contains("\"leaky\""),
        "{lines:?}"
    );
    drop(short);
    sleep(Duration::from_mins(10)).await;
    assert_eq!(log.lines().len(), 1, "once");
    drop(held);
    let _again = pool.acquire().await.unwrap();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(log.lines().len(), 2, "another lease");
}

#[tokio::test(start_paused = true)]
async fn callers_that_wait_for_long_are_told_of_but_not_each_of_them() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let pool = Pool::builder("slow", Made(World::new()))
        .max_size(1)
        .build();
    let held = pool.acquire().await.unwrap();
    let waiters: Vec<_> = (0..20)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.acquire().await.map(drop) })
        })
        .collect();
    sleep(Duration::from_secs(3)).await;
    drop(held);
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("waited_ms=3000"), "{lines:?}");
    let statistics = pool.statistics();
    assert_eq!(statistics.requests, 21);
    assert_eq!(statistics.wait_time, Duration::from_mins(1));
    assert_eq!(statistics.average_wait(), Duration::from_mins(1) / 21);
    assert!((3_000..3_400).contains(&statistics.p99_wait.as_millis()));
}
