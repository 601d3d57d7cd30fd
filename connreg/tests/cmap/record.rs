//! What happened, in the specification's words.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use connreg::ErrorKind;
use connreg::pool::{CloseReason, PoolEvent};
use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) const ADDRESS: &str = "nowhere:27017";

/// All events since the pool was made.
pub(crate) struct Record {
    events: watch::Sender<Vec<Value>>,
    /// A connection could not be opened, and none has been since: CMAP clears its pool then and readies it afterwards,
    /// ours tells callers at once what is wrong.
    is_down: AtomicBool,
    acquire_timeout: Duration,
}

impl Record {
    /// That the pool was made is no event of ours: whoever makes it knows.
    pub(crate) fn new(options: &Value, acquire_timeout: Duration) -> Self {
        let made = json!({"type": "ConnectionPoolCreated", "address": ADDRESS, "options": options});
        Self {
            events: watch::Sender::new(vec![made]),
            is_down: AtomicBool::new(false),
            acquire_timeout,
        }
    }

    pub(crate) fn note(&self, event: &PoolEvent) {
        match event {
            PoolEvent::OpenFailed { .. } if !self.is_down.swap(true, SeqCst) => {
                self.push("ConnectionPoolCleared", &json!({}));
            }
            PoolEvent::Opened { .. } if self.is_down.swap(false, SeqCst) => {
                self.push("ConnectionPoolReady", &json!({}));
            }
            _ => {}
        }
        let (name, details) = match *event {
            PoolEvent::Opening { id } => ("ConnectionCreated", json!({"connectionId": id})),
            PoolEvent::Opened { id, took } => (
                "ConnectionReady",
                json!({"connectionId": id, "duration": took.as_secs_f64()}),
            ),
            PoolEvent::OpenFailed { id, .. } => (
                "ConnectionClosed",
                json!({"connectionId": id, "reason": "error"}),
            ),
            PoolEvent::Closed { id, reason } => (
                "ConnectionClosed",
                json!({"connectionId": id, "reason": closed_because(reason)}),
            ),
            PoolEvent::AcquireStarted => ("ConnectionCheckOutStarted", json!({})),
            PoolEvent::Acquired { id, waited } => (
                "ConnectionCheckedOut",
                json!({"connectionId": id, "duration": waited.as_secs_f64()}),
            ),
            PoolEvent::AcquireFailed { kind, waited } => (
                "ConnectionCheckOutFailed",
                json!({"reason": self.failed_because(kind, waited), "duration": waited.as_secs_f64()}),
            ),
            PoolEvent::Returned { id } => ("ConnectionCheckedIn", json!({"connectionId": id})),
            PoolEvent::Retired { .. } => (
                "ConnectionPoolCleared",
                json!({"interruptInUseConnections": false}),
            ),
            PoolEvent::Resumed => ("ConnectionPoolReady", json!({})),
            PoolEvent::PoolClosed => ("ConnectionPoolClosed", json!({})),
            // To suspend a pool is the half of clearing it that has no event.
            _ => return,
        };
        self.push(name, &details);
    }

    fn push(&self, name: &str, details: &Value) {
        let mut event = json!({"type": name, "address": ADDRESS});
        let (Value::Object(event_fields), Value::Object(details)) = (&mut event, details) else {
            unreachable!("both are objects");
        };
        event_fields.extend(details.clone());
        self.events.send_modify(|events| events.push(event));
    }

    fn failed_because(&self, kind: ErrorKind, waited: Duration) -> &'static str {
        match kind {
            ErrorKind::Closed => "poolClosed",
            ErrorKind::Timeout | ErrorKind::Overloaded if waited >= self.acquire_timeout => {
                "timeout"
            }
            _ => "connectionError",
        }
    }

    /// All but those whose types are in `ignored`.
    pub(crate) fn without(&self, ignored: &[String]) -> Vec<Value> {
        let events = self.events.borrow();
        let is_wanted = |event: &&Value| !ignored.iter().any(|name| event["type"] == name.as_str());
        events.iter().filter(is_wanted).cloned().collect()
    }

    /// Resolves when `count` events of that name have happened since the start.
    pub(crate) async fn happened(&self, name: &str, count: usize) {
        let mut events = self.events.subscribe();
        let is_there = |events: &Vec<Value>| {
            events.iter().filter(|event| event["type"] == name).count() >= count
        };
        events
            .wait_for(is_there)
            .await
            .expect("the sender is held by `self`");
    }
}

fn closed_because(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Idle => "idle",
        CloseReason::Retired => "stale",
        CloseReason::PoolClosed => "poolClosed",
        CloseReason::Discarded => "force",
        _ => "error",
    }
}
