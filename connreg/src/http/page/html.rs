//! The page as HTML. What changes stands in elements with an `id`, which a stream of events replaces one by one.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::escape::Escaped;
use crate::health::HealthStatus;
use crate::http::snapshot::{STATUSES, Snapshot, View, round};
use crate::pool::PoolStatistics;

/// The whole page.
pub(super) fn page(snapshot: &Snapshot, details: bool) -> String {
    let parts = parts(snapshot, details);
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Connections</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"connections/style.css\">\n\
         <noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>\n\
         <script src=\"connections/script.js\" defer></script>\n\
         </head>\n<body>\n\
         <a class=\"skip\" href=\"#rows\">Skip to the connections</a>\n\
         <header><h1>Connections</h1><p id=\"live\" class=\"live\" role=\"status\"></p></header>\n\
         <main id=\"parts\">\n{parts}</main>\n\
         </body>\n</html>\n"
    )
}

/// What the stream of events carries: the summary, a row for each connection, and the events.
pub(in crate::http) fn parts(snapshot: &Snapshot, details: bool) -> String {
    let mut html = String::with_capacity(1_024 + 1_024 * snapshot.views.len());
    summary(&mut html, snapshot);
    if snapshot.views.is_empty() {
        html.push_str("<p id=\"rows\" class=\"none\">No connection is configured.</p>\n");
    } else {
        html.push_str(
            "<div class=\"wide\"><table id=\"rows\">\n<caption class=\"unseen\">Every connection</caption>\n\
             <thead><tr><th scope=\"col\">Health</th><th scope=\"col\">Connection</th>\
             <th scope=\"col\">Check</th><th scope=\"col\">Pool</th>\
             <th scope=\"col\" class=\"number\">Running</th><th scope=\"col\">Last error</th></tr></thead>\n<tbody>\n",
        );
        for view in &snapshot.views {
            row(&mut html, view, details);
        }
        html.push_str("</tbody>\n</table></div>\n");
    }
    events(&mut html, snapshot);
    html
}

/// How many are how, and which ones are not as they should be.
fn summary(html: &mut String, snapshot: &Snapshot) {
    html.push_str(
        "<section id=\"summary\" aria-label=\"Summary\" aria-live=\"polite\"><ul class=\"counts\">",
    );
    for health in STATUSES.into_iter().rev() {
        let count = snapshot
            .views
            .iter()
            .filter(|view| view.health == health)
            .count();
        if count > 0 || health == HealthStatus::Up {
            let word = health.as_str();
            let _ = write!(
                html,
                "<li class=\"{word}\"><strong>{count}</strong> {word}</li>"
            );
        }
    }
    html.push_str("</ul>");
    let ill: Vec<&View> = snapshot
        .views
        .iter()
        .filter(|view| matches!(view.health, HealthStatus::Down | HealthStatus::Degraded))
        .collect();
    if !ill.is_empty() {
        html.push_str("<p>Look at ");
        for (index, view) in ill.iter().take(8).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let name = Escaped(&view.name);
            let _ = write!(html, "{comma}<a href=\"#c{}\">{name}</a>", view.id);
        }
        if ill.len() > 8 {
            let _ = write!(html, " and {} more", ill.len() - 8);
        }
        html.push_str(".</p>");
    }
    html.push_str("</section>\n");
}

fn row(html: &mut String, view: &View, details: bool) {
    let health = view.health.as_str();
    let state = view.state.as_str().replace('_', " ");
    let name = Escaped(&view.name);
    let (id, kind, category) = (view.id, Escaped(view.kind), Escaped(view.category));
    let optional = if view.required {
        ""
    } else {
        " <span class=\"tag\">optional</span>"
    };
    let _ = write!(
        html,
        "<tr id=\"c{id}\" class=\"{health}\"><td data-label=\"Health\"><span class=\"health\">{health}</span>\
         <small>{state}</small></td>\
         <th scope=\"row\"><a href=\"health/connections/{}\">{name}</a>{optional}<small>{kind} · {category}</small></th>",
        Escaped(percent_encoded(&view.name)),
    );
    html.push_str("<td data-label=\"Check\">");
    check(html, view);
    html.push_str("</td><td data-label=\"Pool\">");
    match view.pool {
        Some(pool) => gauge(html, pool),
        None => html.push_str("<span class=\"none\">–</span>"),
    }
    let _ = write!(
        html,
        "</td><td data-label=\"Running\" class=\"number\">{}</td><td data-label=\"Last error\">",
        view.executing
    );
    match (view.error, &view.text) {
        (Some(kind), text) => {
            let _ = write!(
                html,
                "<span class=\"error\">{}</span>",
                Escaped(kind.as_str())
            );
            if let (true, Some(text)) = (details, text) {
                let _ = write!(html, "<small>{}</small>", Escaped(text));
            }
        }
        (None, _) if view.caused_by.is_some() => {}
        (None, _) => html.push_str("<span class=\"none\">–</span>"),
    }
    if let Some(culprit) = &view.caused_by {
        let _ = write!(html, "<small>caused by {}</small>", Escaped(culprit));
    }
    html.push_str("</td></tr>\n");
}

/// How long the last checks took, and how long ago the last one was.
fn check(html: &mut String, view: &View) {
    match view.latencies.last() {
        Some(last) => {
            sparkline(html, &view.latencies);
            let _ = write!(html, "<span class=\"figure\">{}</span>", round(*last));
        }
        None => html.push_str("<span class=\"none\">–</span>"),
    }
    if let Some(age) = view.age {
        let _ = write!(html, "<small>{} ago</small>", round(whole_seconds(age)));
    }
}

const WIDTH: usize = 80;
const HEIGHT: f64 = 18.0;

/// A line of the latencies, the newest at the right, from nothing to the longest.
fn sparkline(html: &mut String, latencies: &[Duration]) {
    if latencies.len() < 2 {
        return;
    }
    let longest = latencies.iter().max().map_or(0.0, Duration::as_secs_f64);
    let step = u32::try_from(WIDTH / (latencies.len() - 1)).map_or(1.0, f64::from);
    let mut points = String::new();
    let mut x = 1.0;
    for latency in latencies {
        let part = if longest > 0.0 {
            latency.as_secs_f64() / longest
        } else {
            0.0
        };
        let _ = write!(points, "{x:.0},{:.1} ", 1.0 + HEIGHT * (1.0 - part));
        x += step;
    }
    let _ = write!(
        html,
        "<svg class=\"spark\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"the last {} checks took up to {}\">\
         <polyline points=\"{}\"/></svg>",
        WIDTH + 2,
        HEIGHT + 2.0,
        latencies.len(),
        round(latencies.iter().max().copied().unwrap_or_default()),
        points.trim_end()
    );
}

/// How much of a pool is in use.
fn gauge(html: &mut String, pool: PoolStatistics) {
    let max = pool.max_size.max(1);
    let part = |n: u32| 80 * n.min(max) / max;
    let (active, total) = (part(pool.active), part(pool.total.max(pool.active)));
    let waiting = match pool.waiting {
        0 => String::new(),
        n => format!(" <span class=\"waiting\">{n} waiting</span>"),
    };
    let _ = write!(
        html,
        "<svg class=\"gauge\" viewBox=\"0 0 80 8\" aria-hidden=\"true\"><rect width=\"80\" height=\"8\" rx=\"2\"/>\
         <rect class=\"total\" width=\"{total}\" height=\"8\" rx=\"2\"/>\
         <rect class=\"active\" width=\"{active}\" height=\"8\" rx=\"2\"/></svg>\
         <span class=\"figure\">{} of {} in use</span><small>{} idle{waiting}</small>",
        pool.active, pool.max_size, pool.idle
    );
}

fn events(html: &mut String, snapshot: &Snapshot) {
    html.push_str("<section id=\"events\"><h2>Events</h2>");
    if snapshot.events.is_empty() {
        html.push_str(
            "<p class=\"none\">Nothing has happened since this page was first asked for.</p>",
        );
    } else {
        html.push_str("<ol>");
        for event in &snapshot.events {
            let _ = write!(
                html,
                "<li><time>{}</time> <b>{}</b> {} <span>{}</span></li>",
                clock(event.at),
                Escaped(&event.connection),
                event.what.replace('_', " "),
                Escaped(&event.how)
            );
        }
        html.push_str("</ol>");
    }
    html.push_str("</section>\n");
}

/// The time of day in UTC.
fn clock(at: SystemTime) -> String {
    let seconds = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        % 86_400;
    format!(
        "{:02}:{:02}:{:02} UTC",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn whole_seconds(age: Duration) -> Duration {
    Duration::from_secs(age.as_secs().max(1))
}

/// A name as one segment of a path.
fn percent_encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
