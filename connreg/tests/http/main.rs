//! The router: what each route answers, to whom, and that it asks no server anything.

#[path = "../runtime/scripted.rs"]
#[allow(dead_code)]
mod scripted;

mod page;
mod scrape;
mod stale;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use connreg::http::{Options, router, router_with};
use connreg::{Connections, State};
use scripted::{Behaviour, Call, Scripted, faults_of, load};
use serde_json::Value;
use tower::ServiceExt as _;

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path)).await
}

pub(crate) async fn ask(router: &Router, request: axum::http::request::Builder) -> Answer {
    let request = request.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 10_000_000).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// One required connection and one that is not, each with the script of its name.
pub(crate) async fn two(needed: &str, spare: &str) -> Connections {
    let settings: Vec<(String, &str)> = [needed, spare]
        .into_iter()
        .flat_map(|name| {
            [
                (format!("{name}.type"), "scripted"),
                (format!("{name}.script"), name),
            ]
        })
        .chain([(format!("{spare}.required"), "false")])
        .collect();
    let settings: Vec<_> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    load(&settings).await
}

pub(crate) async fn open(connections: &Connections, name: &str) -> bool {
    let connection = connections.get::<Scripted>(name).unwrap();
    connection.client().await.is_ok()
}

/// Details for whoever brings the header.
pub(crate) fn with_details(connections: &Connections) -> Router {
    let options = Options::new().details(|request| request.headers.contains_key("x-operator"));
    router_with(connections, options)
}

#[tokio::test]
async fn nothing_is_asked_of_a_server() {
    let connections = two("quiet", "quiet-spare").await;
    let router = router(&connections);
    for path in [
        "/health/live",
        "/health/ready",
        "/health/connections",
        "/health/connections/quiet",
        "/metrics",
        "/connections",
        "/connections.json",
    ] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
    let script = faults_of("quiet");
    assert_eq!(
        (script.calls(Call::Open), script.calls(Call::Check)),
        (0, 0)
    );
    assert_eq!(
        connections.get_any("quiet").unwrap().state(),
        State::Initialized
    );
    let health = get(&router, "/health/connections").await.json();
    assert_eq!(health["connections"]["quiet"]["status"], "unknown");
}

#[tokio::test]
async fn a_required_connection_that_is_down_takes_the_service_with_it() {
    let connections = two("needed", "needed-spare").await;
    let router = router(&connections);
    assert!(open(&connections, "needed").await);
    assert!(open(&connections, "needed-spare").await);
    let answer = get(&router, "/health/connections").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["status"], "up");

    // An optional one makes it degraded, no more.
    faults_of("needed-spare").set_all(Behaviour::refuse());
    assert!(
        connections
            .get_any("needed-spare")
            .unwrap()
            .reconnect()
            .await
            .is_err()
    );
    let answer = get(&router, "/health/connections").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["status"], "degraded");
    assert_eq!(
        answer.json()["connections"]["needed-spare"]["error"],
        "refused"
    );
    let alone = get(&router, "/health/connections/needed_spare").await;
    assert_eq!(alone.status, StatusCode::SERVICE_UNAVAILABLE);

    faults_of("needed").set_all(Behaviour::refuse());
    assert!(
        connections
            .get_any("needed")
            .unwrap()
            .reconnect()
            .await
            .is_err()
    );
    for path in [
        "/health/connections",
        "/health/ready",
        "/health/connections/needed",
    ] {
        let answer = get(&router, path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.json()["status"], "down", "{path}");
    }
    assert_eq!(get(&router, "/health/live").await.status, StatusCode::OK);
    let unknown = get(&router, "/health/connections/nobody").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn closed_connections_are_not_ready() {
    let connections = two("closing", "closing-spare").await;
    let router = router(&connections);
    assert!(open(&connections, "closing").await);
    connections.close().await;
    let answer = get(&router, "/health/ready").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&router, "/health/live").await.status, StatusCode::OK);
}

#[tokio::test]
async fn details_are_for_those_who_may_see_them() {
    let connections = two("private", "private-spare").await;
    let router = with_details(&connections);
    faults_of("private").set_all(Behaviour::refuse());
    assert!(!open(&connections, "private").await);
    for path in ["/health/connections", "/connections", "/connections.json"] {
        let plain = get(&router, path).await.body;
        assert!(!plain.contains("injected fault"), "{path}: {plain}");
        assert!(plain.contains("refused"), "{path}: {plain}");
        let told = ask(&router, Request::get(path).header("x-operator", "1")).await;
        assert!(
            told.body.contains("injected fault"),
            "{path}: {}",
            told.body
        );
    }
}
