//! All connections at one moment, as probes and the page see them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::connection::ConnectionInfo;
use crate::error::ErrorKind;
use crate::event::{Event, EventKind};
use crate::health::{Health, HealthStatus};
use crate::lifecycle::State;
use crate::pool::PoolStatistics;

/// Every status, the worst first.
pub(super) const STATUSES: [HealthStatus; 4] = [
    HealthStatus::Down,
    HealthStatus::Degraded,
    HealthStatus::Unknown,
    HealthStatus::Up,
];

/// One connection.
#[derive(Debug)]
pub(super) struct View {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) category: &'static str,
    pub(super) health: HealthStatus,
    /// The connection that it uses and that is to blame.
    pub(super) caused_by: Option<String>,
    pub(super) state: State,
    pub(super) required: bool,
    /// How old the last word on it is.
    pub(super) age: Option<Duration>,
    pub(super) executing: usize,
    pub(super) pool: Option<PoolStatistics>,
    pub(super) error: Option<ErrorKind>,
    /// The error's text: for those only who may see details.
    pub(super) text: Option<String>,
    /// How long its last checks took, the newest last.
    pub(super) latencies: Vec<Duration>,
}

impl View {
    pub(super) fn of(info: ConnectionInfo, health: Health, latencies: Vec<Duration>) -> Self {
        Self {
            id: info.id,
            name: info.name,
            kind: info.connection_type.name(),
            category: info.connection_type.category(),
            health: health.status,
            caused_by: health.caused_by,
            state: info.state,
            required: info.required,
            age: health.age,
            executing: info.executing,
            pool: info.pool,
            error: health.last_error.as_ref().map(crate::Error::kind),
            text: health.last_error.as_ref().map(ToString::to_string),
            latencies,
        }
    }

    fn json(&self, details: bool) -> Value {
        let mut view = json!({
            "name": self.name,
            "type": self.kind,
            "category": self.category,
            "health": self.health.as_str(),
            "caused_by": self.caused_by,
            "state": self.state.as_str(),
            "required": self.required,
            "age_seconds": self.age.map(|age| age.as_secs()),
            "executing": self.executing,
            "latency_seconds": self.latencies.last().map(Duration::as_secs_f64),
            "pool": self.pool.map(|pool| json!({
                "max_size": pool.max_size,
                "total": pool.total,
                "active": pool.active,
                "idle": pool.idle,
                "waiting": pool.waiting,
            })),
            "error": self.error.map(ErrorKind::as_str),
        });
        if details {
            view["error_text"] = json!(self.text);
        }
        view
    }
}

/// Something that happened, without what only some may see.
#[derive(Clone, Debug)]
pub(super) struct Happened {
    pub(super) at: SystemTime,
    pub(super) connection: String,
    pub(super) what: &'static str,
    /// More of it in words that tell nothing secret.
    pub(super) how: String,
    /// What it says of trying again.
    pub(super) trying: Trying,
}

/// What an event says of an attempt to bring a connection back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trying {
    /// Nothing.
    No,
    /// There will be one.
    Announced,
    /// It is a step of one.
    UnderWay,
    /// Why it failed.
    Failed,
}

impl Happened {
    pub(super) fn of(event: &Event) -> Self {
        let how = match &event.kind {
            EventKind::Error { error } => error.kind().as_str().to_owned(),
            EventKind::StateChanged { from, to } => format!("{from} → {to}"),
            EventKind::Reconnecting { attempt, delay } => {
                format!("attempt {attempt} in {}", round(*delay))
            }
            EventKind::BreakerChanged { from, to } => format!("{from} → {to}"),
            // No hosts: the page is shown to those who may not see details, too.
            _ => String::new(),
        };
        Self {
            at: event.at,
            connection: event.connection.to_string(),
            what: event.kind.as_str(),
            how,
            trying: match &event.kind {
                EventKind::Reconnecting { .. } => Trying::Announced,
                EventKind::Error { .. } => Trying::Failed,
                EventKind::StateChanged {
                    to: State::Connecting | State::Failed | State::Unhealthy,
                    ..
                } => Trying::UnderWay,
                _ => Trying::No,
            },
        }
    }

    fn json(&self) -> Value {
        json!({
            "at": seconds(self.at),
            "connection": self.connection,
            "event": self.what,
            "how": self.how,
        })
    }
}

/// All connections at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Of all connections together.
    pub(super) health: HealthStatus,
    pub(super) taken_at: SystemTime,
    pub(super) views: Vec<View>,
    /// The newest first.
    pub(super) events: Vec<Happened>,
}

impl Snapshot {
    pub(super) fn json(&self, details: bool) -> Value {
        let views: Vec<Value> = self.views.iter().map(|view| view.json(details)).collect();
        let events: Vec<Value> = self.events.iter().map(Happened::json).collect();
        json!({
            "health": self.health.as_str(),
            "at": seconds(self.taken_at),
            "connections": views,
            "events": events,
        })
    }
}

/// Seconds since 1970, with milliseconds.
fn seconds(at: SystemTime) -> f64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)).as_secs_f64()
}

/// A duration in one unit, as a person reads it.
pub(super) fn round(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_micros() < 1_000 => format!("{} µs", duration.as_micros()),
        0 if duration.as_millis() < 10 => {
            format!("{:.1} ms", duration.as_secs_f64() * 1_000.0)
        }
        0 => format!("{} ms", duration.as_millis()),
        1..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
