//! What is said of a redis connection's settings before any server is asked, and where there is none.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use connreg::{Connections, Error, ErrorKind};
use connreg_backends::Redis;
use tokio::net::{TcpListener, TcpSocket};

async fn load(settings: &[(&str, &str)]) -> Result<Connections, Error> {
    let none: [(&str, &str); 0] = [];
    let builder = Connections::builder()
        .environment(none)
        .set("cache.type", "redis");
    let set = |builder: connreg::Builder, (key, value): &(&str, &str)| {
        builder.set(format!("cache.{key}"), *value)
    };
    settings.iter().fold(builder, set).load().await
}

async fn failure(settings: &[(&str, &str)]) -> Error {
    let connections = load(settings).await.unwrap();
    connections
        .get::<Redis>("cache")
        .unwrap()
        .client()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_told() {
    let cases: [(&[(&str, &str)], &str); 10] = [
        (
            &[("mode", "sentinel"), ("nodes", "[a:1]")],
            "needs `master_name`",
        ),
        (&[("mode", "cluster")], "`nodes` is empty"),
        (&[("nodes", "[a:1]")], "`nodes` belongs to"),
        (
            &[("url", "redis://a"), ("host", "b")],
            "`host` and `port` can't be given too",
        ),
        (
            &[("url", "redis://:x@a"), ("password", "y")],
            "`password` is given twice",
        ),
        (&[("url", "a:1,b:2")], "second address"),
        (
            &[("url", "a:1,tieBreaker=x")],
            "`tieBreaker` in `url` is not known",
        ),
        (&[("master_name", "m")], "belong to `mode: sentinel`"),
        (&[("ssl", "true"), ("ssl_key", "/x")], "go together"),
        (
            &[("url", "rediss://a/#insecure")],
            "does not turn verification off",
        ),
    ];
    for (settings, told) in cases {
        let error = failure(settings).await;
        assert_eq!(
            error.kind(),
            ErrorKind::Configuration,
            "{settings:?}: {error}"
        );
        assert!(error.to_string().contains(told), "{settings:?}: {error}");
    }
}

#[tokio::test]
async fn a_url_with_a_mistake_is_told_without_its_password() {
    for url in [
        "http://:hunter2@localhost",
        "redis://:hunter2@local host",
        ":hunter2@localhost:1",
    ] {
        let error = failure(&[("url", url)]).await;
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let connections = load(&[("password", "hunter2"), ("url", "redis://:hunter2@a")])
        .await
        .unwrap();
    let connection = connections.get::<Redis>("cache").unwrap();
    assert!(!format!("{:?} {connection:?}", connection.settings()).contains("hunter2"));
}

#[tokio::test]
async fn the_common_names_have_their_other_names() {
    let names = [
        ("connection_pool_size", "3"),
        ("health_check_interval", "7s"),
        ("db", "2"),
    ];
    let connections = load(&names).await.unwrap();
    let connection = connections.get::<Redis>("cache").unwrap();
    assert_eq!(connection.settings().database, 2);
}

#[tokio::test]
async fn nothing_listening_is_refused_with_host_and_port() {
    // Bound, so that nobody else gets the port, and not listening.
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = bound.local_addr().unwrap().port();
    let started = Instant::now();
    let error = failure(&[("host", "127.0.0.1"), ("port", &port.to_string())]).await;
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.is_transient());
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_dns() {
    let error = failure(&[("host", "no-such-host.invalid")]).await;
    assert_eq!(error.kind(), ErrorKind::Dns, "{error:?}");
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "{error}"
    );
}

#[tokio::test]
async fn a_listener_that_never_speaks_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let started = Instant::now();
    let error = failure(&[("url", &url), ("connect_timeout", "200ms")]).await;
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let took = started.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_server_of_another_kind_is_a_protocol_error() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", other.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut stream, _)) = other.accept().await {
            stream
                .write_all(b"220 mail.example.com ESMTP\r\n")
                .await
                .unwrap();
        }
    });
    let error = failure(&[("url", &url)]).await;
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error:?}");
}
