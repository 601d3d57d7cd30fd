//! Health, metrics and a page of all connections over HTTP, as an `axum` router.
//!
//! Every answer is made of what is known already: no request asks a server anything. Checking is the health
//! monitor's work, the numbers are [`crate::observe`]'s.

mod health;
mod metrics;
mod options;
mod page;
mod recent;
mod snapshot;
mod watcher;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub use options::Options;

use crate::Connections;
use watcher::Watcher;

/// The router with all routes, and no details for anybody.
///
/// | route | answers |
/// |---|---|
/// | `/health/live` | 200 as long as the process answers; connections don't count |
/// | `/health/ready` | 503 once a required connection is down, or the connections are closed |
/// | `/health/connections` | the same, with the health of each connection as JSON |
/// | `/health/connections/{name}` | one connection: 200, 503 or 404 |
/// | `/metrics` | Prometheus text |
/// | `/connections` | a page that shows every connection, live |
/// | `/connections.json` | the same for programs |
///
/// Without [`Options::details`] they tell no host, no user and no error's text.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let connections = connreg::Connections::load("config").await?;
/// let app = axum::Router::new().nest("/ops", connreg::http::router(&connections));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// axum::serve(listener, app).await?;
/// # Ok(())
/// # }
/// ```
pub fn router(connections: &Connections) -> Router {
    router_with(connections, Options::new())
}

/// The router with `options`.
pub fn router_with(connections: &Connections, options: Options) -> Router {
    metrics::install(&options);
    let watcher = Watcher::new(connections.clone(), options);
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/health/connections", get(health::all))
        .route("/health/connections/{name}", get(health::one))
        .route("/metrics", get(metrics::scrape))
        .route("/connections", get(page::page))
        .route("/connections.json", get(page::json))
        .route("/connections/events", get(page::events))
        .route("/connections/style.css", get(page::style))
        .route("/connections/script.js", get(page::script))
        .with_state(watcher)
}

/// What handlers share.
type Shared = Arc<Watcher>;

/// An answer that nobody may keep, and that is nothing but what it says it is.
fn answer(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers: [(HeaderName, &'static str); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
