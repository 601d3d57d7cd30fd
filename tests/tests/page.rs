//! The page of all connections in a real browser, with a real server that dies and comes back.

use std::net::SocketAddr;

use connreg::Connections;
use connreg_backends as _;
use connreg_tests::{Browser, Redis, suite};
use tokio::net::TcpListener;

suite! {
    Redis + Browser:
        a_server_that_dies_is_seen_without_a_reload,
        the_first_view_needs_no_script;
    Browser:
        a_phone_needs_no_scrolling_sideways,
        dark_is_dark_and_the_keyboard_reaches_everything;
}

/// Serves the router below `/ops` and gives the page's address.
async fn serve(connections: &Connections) -> String {
    let app = axum::Router::new().nest("/ops", connreg::http::router(connections));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/ops/connections")
}

async fn load(settings: &[(&str, &str)]) -> Connections {
    let none: [(&str, &str); 0] = [];
    let builder = Connections::builder().environment(none);
    let builder = settings
        .iter()
        .fold(builder, |builder, (key, value)| builder.set(*key, *value));
    builder.load().await.unwrap()
}

async fn with_redis(server: &Redis) -> Connections {
    let settings = [
        ("cache.type", "redis"),
        ("cache.url", &*server.url()),
        ("cache.health_check.interval", "1s"),
        ("cache.health_check.failure_threshold", "1"),
        ("files.type", "sqlite"),
        ("files.path", ":memory:"),
    ];
    let connections = load(&settings).await;
    connections.start().await.unwrap();
    connections
}

/// The row of the connection called `cache` has this status.
fn cache_is(status: &str) -> String {
    format!(
        "[...document.querySelectorAll('tr')].some(row => row.innerText.includes('cache') \
         && row.classList.contains('{status}'))"
    )
}

async fn a_server_that_dies_is_seen_without_a_reload() {
    let server = Redis::start();
    let connections = with_redis(&server).await;
    let url = serve(&connections).await;
    let browser = Browser::start();
    let page = browser.page();
    page.open(&url);
    page.wait_for("document.getElementById('live').textContent === 'live'");
    page.wait_for(&cache_is("up"));
    page.evaluate("window.unchanged = true; document.querySelector('tbody a').focus()");
    server.kill();
    page.wait_for(&cache_is("down"));
    page.wait_for("document.getElementById('events').innerText.includes('cache')");
    page.wait_for("document.getElementById('summary').innerText.includes('Look at cache')");
    server.restart();
    page.wait_for(&cache_is("up"));
    assert_eq!(
        page.evaluate("window.unchanged"),
        true,
        "the page was loaded anew"
    );
    assert_eq!(
        page.evaluate("document.activeElement.tagName"),
        "A",
        "the focus is lost"
    );
    connections.close().await;
}

async fn the_first_view_needs_no_script() {
    let server = Redis::start();
    let connections = with_redis(&server).await;
    let url = serve(&connections).await;
    let browser = Browser::start();
    let page = browser.page();
    page.allow_script(false);
    page.open(&url);
    let text = page.evaluate("document.body.innerText");
    let text = text.as_str().unwrap();
    for word in [
        "cache",
        "redis · db",
        "files",
        "sqlite · db",
        "up",
        "of 10 in use",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    connections.close().await;
}

const LONG: &str =
    "an_exceedingly_long_name_of_a_connection_for_the_warehouse_of_the_northern_region";

/// Thirty connections that nobody has opened, with long names, and one behind them that is down.
async fn many() -> Connections {
    let broken = [("type", "sqlite"), ("path", "/no/such/folder/at/all.db")];
    let broken = broken.map(|(key, value)| (format!("{LONG}.{key}"), value));
    let settings: Vec<(String, &str)> = (0..30)
        .map(|n| {
            (
                format!("a_rather_long_name_of_a_connection_{n}.type"),
                "memory",
            )
        })
        .chain(broken)
        .collect();
    let settings: Vec<_> = settings
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    let connections = load(&settings).await;
    let broken = connections.get_any(LONG).unwrap();
    broken.open().await.unwrap_err();
    connections
}

async fn a_phone_needs_no_scrolling_sideways() {
    let connections = many().await;
    let url = serve(&connections).await;
    let browser = Browser::start();
    let page = browser.page();
    for width in [320, 360, 800, 1200] {
        page.resize(width, 800);
        page.open(&url);
        let wide = page.evaluate("document.documentElement.scrollWidth");
        assert!(
            wide.as_u64().unwrap() <= u64::from(width),
            "{wide} of {width}"
        );
        let rows = page.evaluate("document.querySelectorAll('tbody tr').length");
        assert_eq!(rows, 31);
    }
}

async fn dark_is_dark_and_the_keyboard_reaches_everything() {
    let connections = many().await;
    let url = serve(&connections).await;
    let browser = Browser::start();
    let page = browser.page();
    let luminance = "(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor\
                     .match(/\\d+/g).map(Number); return r + g + b; })()";
    page.prefer("light");
    page.open(&url);
    assert!(page.evaluate(luminance).as_u64().unwrap() > 600);
    page.prefer("dark");
    assert!(page.evaluate(luminance).as_u64().unwrap() < 150);
    page.press("Tab");
    let first = page.evaluate("document.activeElement.textContent");
    assert_eq!(first, "Skip to the connections");
    // One link in the summary, one in each row.
    for _ in 0..32 {
        page.press("Tab");
    }
    let last = page.evaluate("document.activeElement.textContent");
    assert_eq!(last, LONG);
    let outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "where the keyboard is must be seen");
}
