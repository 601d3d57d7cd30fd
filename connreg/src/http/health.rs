//! What load balancers, orchestrators and people ask.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Shared, answer};
use crate::health::HealthStatus;

const JSON: &str = "application/json";

/// The process answers. An outage of a database is no reason to restart it.
pub(super) async fn live() -> Response {
    respond(StatusCode::OK, &json!({ "status": "alive" }))
}

pub(super) async fn ready(State(watcher): State<Shared>) -> Response {
    let health = watcher.snapshot().health;
    respond(status(health), &json!({ "status": health.as_str() }))
}

pub(super) async fn all(State(watcher): State<Shared>, request: Parts) -> Response {
    let snapshot = watcher.snapshot();
    let details = watcher.options.allows_details(&request);
    respond(status(snapshot.health), &snapshot.probe(details))
}

pub(super) async fn one(
    State(watcher): State<Shared>,
    Path(name): Path<String>,
    request: Parts,
) -> Response {
    let details = watcher.options.allows_details(&request);
    // Found as everywhere else: without regard to case, `_` and `-`.
    let Ok(info) = watcher.connections.info(&name) else {
        return respond(
            StatusCode::NOT_FOUND,
            &json!({ "status": "not found", "help": "`/health/connections` names all" }),
        );
    };
    let snapshot = watcher.snapshot();
    let view = snapshot.views.iter().find(|view| view.id == info.id);
    match view {
        Some(view) => respond(status(view.health), &view.probe(details)),
        None => respond(StatusCode::NOT_FOUND, &json!({ "status": "not found" })),
    }
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
