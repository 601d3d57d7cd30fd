//! The page that shows every connection, live; whole without script, in one piece without anything from elsewhere.

mod escape;
mod html;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt as _};

pub(super) use html::parts;

use super::{Shared, answer};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing runs and nothing is loaded but what this router serves.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How long one stream lasts. The browser asks again at once; a server that shuts down waits no longer than this.
const STREAM: Duration = Duration::from_secs(20);
/// How soon the browser asks again, in milliseconds.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) async fn page(State(watcher): State<Shared>, request: Parts) -> Response {
    watcher.start();
    let details = watcher.options.allows_details(&request);
    let mut response = answer(
        "text/html; charset=utf-8",
        html::page(&watcher.snapshot(), details),
    );
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

pub(super) async fn json(State(watcher): State<Shared>, request: Parts) -> Response {
    watcher.start();
    let details = watcher.options.allows_details(&request);
    let json = watcher.snapshot().json(details);
    answer("application/json", format!("{json}\n"))
}

pub(super) async fn style() -> Response {
    answer("text/css; charset=utf-8", STYLE)
}

pub(super) async fn script() -> Response {
    answer("text/javascript; charset=utf-8", SCRIPT)
}

/// The parts of the page, again and again.
pub(super) async fn events(State(watcher): State<Shared>, request: Parts) -> Response {
    watcher.start();
    let details = watcher.options.allows_details(&request);
    let drawn = watcher.pages().subscribe(details);
    let first = parts(&watcher.snapshot(), details);
    let stream = stream(first, WatchStream::from_changes(drawn));
    let mut response = Sse::new(stream)
        .keep_alive(KeepAlive::default())
        .into_response();
    // Proxies that collect an answer before they pass it on would make it useless.
    let no = HeaderValue::from_static("no");
    response.headers_mut().insert("x-accel-buffering", no);
    response
}

/// A reader that is too slow misses what was drawn between, never the last.
fn stream(
    first: String,
    drawn: WatchStream<Option<Arc<str>>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let first = tokio_stream::once(Event::default().retry(AGAIN).data(first));
    let until = Instant::now() + STREAM;
    let later = drawn
        .take_while(move |parts| parts.is_some() && Instant::now() < until)
        .map(|parts| Event::default().data(parts.as_deref().unwrap_or_default()));
    first.chain(later).map(Ok)
}
