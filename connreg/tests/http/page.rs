//! The page: whole without script, nothing from elsewhere, names made safe, changes told.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use connreg::http::router;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tower::ServiceExt as _;

use crate::scripted::{Behaviour, SOON, faults_of, load};
use crate::{ask, get, open, two};

#[tokio::test]
async fn the_first_view_is_whole_without_script() {
    let connections = two("shown", "shown-spare").await;
    let router = router(&connections);
    assert!(open(&connections, "shown").await);
    faults_of("shown-spare").set_all(Behaviour::refuse());
    assert!(!open(&connections, "shown-spare").await);
    let page = get(&router, "/connections").await;
    for text in [
        ">shown</a>",
        "scripted · test",
        ">up<",
        ">down<",
        "optional",
        "refused",
        "<noscript>",
    ] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let policy = page.headers[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(
        !page.body.contains("://"),
        "something comes from elsewhere: {}",
        page.body
    );
    assert!(
        !page.body.contains(" style="),
        "the policy forbids it: {}",
        page.body
    );
    assert!(
        !page.body.contains("<script>"),
        "the policy forbids it: {}",
        page.body
    );
}

#[tokio::test]
async fn everything_is_found_below_a_prefix() {
    let connections = two("nested", "nested-spare").await;
    let router = Router::new().nest("/ops", router(&connections));
    let page = get(&router, "/ops/connections").await.body;
    for (attribute, links) in [("href=\"", 3), ("src=\"", 1)] {
        let found: Vec<&str> = page
            .split(attribute)
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|link| !link.starts_with('#') && !link.starts_with("data:"))
            .collect();
        assert!(found.len() >= links, "{found:?}");
        for link in found {
            // Relative to the page, as a browser takes it.
            let answer = get(&router, &format!("/ops/{link}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{link}");
        }
    }
    let head = Request::builder()
        .method(Method::HEAD)
        .uri("/ops/connections");
    let head = ask(&router, head).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    let post = Request::post("/ops/connections");
    assert_eq!(
        ask(&router, post).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn names_are_text_whatever_they_hold() {
    let name = "<img src=x onerror=alert(1)>\"'&";
    let (kind, script) = (format!("{name}.type"), format!("{name}.script"));
    let connections = load(&[(&kind, "scripted"), (&script, "harmless")]).await;
    let router = router(&connections);
    let page = get(&router, "/connections").await.body;
    assert!(!page.contains("<img"), "{page}");
    assert!(
        page.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"),
        "{page}"
    );
    let json = get(&router, "/connections.json").await.json();
    assert_eq!(json["connections"][0]["name"], name);
}

#[tokio::test]
async fn changes_are_told_to_every_open_page() {
    let connections = two("live", "live-spare").await;
    let router = router(&connections);
    let mut streams = Vec::new();
    for _ in 0..100 {
        let request = Request::get("/connections/events")
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        streams.push(response.into_body().into_data_stream());
    }
    assert!(open(&connections, "live").await);
    // The first is never read: it must keep nobody waiting.
    for stream in &mut streams[1..] {
        let told = async {
            while let Some(chunk) = stream.next().await {
                let chunk = String::from_utf8_lossy(&chunk.unwrap()).into_owned();
                if chunk.contains("state changed") && chunk.contains("connected") {
                    return;
                }
            }
            panic!("the stream ended");
        };
        timeout(SOON, told).await.expect("the change was not told");
    }
    // Closing the connections ends the streams.
    connections.close().await;
    for mut stream in streams {
        let ended = async { while stream.next().await.is_some() {} };
        timeout(SOON, ended).await.expect("the stream goes on");
    }
}
