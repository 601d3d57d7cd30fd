//! What load balancers, orchestrators and people ask.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Shared, answer};
use crate::health::{Health, HealthStatus};

const JSON: &str = "application/json";

/// The process answers. An outage of a database is no reason to restart it.
pub(super) async fn live() -> Response {
    respond(StatusCode::OK, &json!({ "status": "alive" }))
}

pub(super) async fn ready(State(watcher): State<Shared>) -> Response {
    let health = watcher.connections.health().status;
    respond(status(health), &json!({ "status": health.as_str() }))
}

pub(super) async fn all(State(watcher): State<Shared>, request: Parts) -> Response {
    let report = watcher.connections.health();
    let details = watcher.options.allows_details(&request);
    let each = report.connections.iter();
    let each = each.map(|health| (health.connection.clone(), probe(health, details)));
    let body = json!({
        "status": report.status.as_str(),
        "connections": Value::Object(each.collect()),
    });
    respond(status(report.status), &body)
}

pub(super) async fn one(
    State(watcher): State<Shared>,
    Path(name): Path<String>,
    request: Parts,
) -> Response {
    let details = watcher.options.allows_details(&request);
    // Found as everywhere else: without regard to case, `_` and `-`.
    match watcher.connections.get_any(&name) {
        Ok(connection) => {
            let health = connection.health();
            respond(status(health.status), &probe(&health, details))
        }
        Err(_) => respond(
            StatusCode::NOT_FOUND,
            &json!({ "status": "not found", "help": "`/health/connections` names all" }),
        ),
    }
}

fn probe(health: &Health, details: bool) -> Value {
    let error = health.last_error.as_ref();
    let mut probe = json!({
        "status": health.status.as_str(),
        "caused_by": health.caused_by,
        "required": health.required,
        "age_seconds": health.age.map(|age| age.as_secs()),
        "error": error.map(|error| error.kind().as_str()),
    });
    if details {
        probe["error_text"] = json!(error.map(ToString::to_string));
    }
    probe
}

fn status(health: HealthStatus) -> StatusCode {
    match health {
        HealthStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
        HealthStatus::Up | HealthStatus::Degraded | HealthStatus::Unknown => StatusCode::OK,
    }
}

fn respond(status: StatusCode, body: &Value) -> Response {
    answer(JSON, (status, format!("{body}\n")))
}
