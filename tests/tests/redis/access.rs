//! Who is let in: passwords, users, TLS.

use std::time::{Duration, Instant};

use connreg::ErrorKind;
use connreg_backends::redis::driver::{AsyncCommands as _, Value, cmd};
use connreg_tests::{Redis, RedisOptions, ServerCertificate};

use super::{client, open, timed};

pub(crate) async fn a_wrong_password_is_told_at_once() {
    let server = RedisOptions::default().password("right").start();
    let port = server.port().to_string();
    for password in [Some("hunter2"), None] {
        let mut settings = vec![("host", "127.0.0.1"), ("port", &*port)];
        settings.extend(password.map(|password| ("password", password)));
        let (outcome, took) = timed(async { open(&settings).await.client().await.map(drop) }).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
        assert!(!error.is_transient());
        assert!(took < Duration::from_secs(1), "{took:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let connection = open(&[
        ("host", "127.0.0.1"),
        ("port", &port),
        ("password", "right"),
    ])
    .await;
    connection.client().await.unwrap();
}

pub(crate) async fn a_user_may_only_what_is_granted() {
    let server = RedisOptions::default()
        .password("admin")
        .user("reader", "r", "~public:* +@read +ping")
        .start();
    let url = format!("redis://{}:{}", server.host(), server.port());
    let settings = [("url", &*url), ("username", "reader"), ("password", "r")];
    let connection = open(&settings).await;
    let client = connection.client().await.unwrap();
    let mut redis = client.commands();
    assert_eq!(
        redis.get::<_, Option<String>>("public:a").await.unwrap(),
        None
    );
    for error in [
        redis.set::<_, _, ()>("public:a", 1).await.unwrap_err(),
        redis.get::<_, Option<String>>("private").await.unwrap_err(),
    ] {
        let error = client.error("ask", error);
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
        assert!(error.to_string().contains("grant"), "{error}");
    }
}

pub(crate) async fn a_database_that_is_not_there_is_told() {
    let server = Redis::start();
    let error = open(&[("url", &server.url()), ("database", "99")])
        .await
        .client()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
    assert!(error.to_string().contains("database"), "{error}");
}

pub(crate) async fn tls_is_verified() {
    let cases = [
        (ServerCertificate::Valid, true),
        (ServerCertificate::WrongHost, false),
        (ServerCertificate::Expired, false),
    ];
    for (certificate, is_good) in cases {
        let server = RedisOptions::default().tls(certificate).start();
        let port = server.tls_port().to_string();
        let ca = server.certificates().ca_file();
        let ca = ca.to_str().unwrap();
        let base = [("host", "localhost"), ("port", &*port), ("ssl", "true")];

        let trusting = [&base[..], &[("ssl_ca", ca)]].concat();
        let connection = open(&trusting).await;
        match connection.client().await {
            Ok(client) => {
                assert!(is_good, "{certificate:?} was accepted");
                let () = client.commands().set("a", 1).await.unwrap();
            }
            Err(error) => {
                assert!(!is_good, "{certificate:?}: {error:?}");
                assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
            }
        }
        let unknown = server.certificates().unrelated_ca_file();
        let distrusting = [&base[..], &[("ssl_ca", unknown.to_str().unwrap())]].concat();
        let error = open(&distrusting).await.client().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        let error = open(&base).await.client().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");

        let url = format!("rediss://localhost:{port}");
        let careless = [
            ("url", &*url),
            ("ssl_insecure_accept_any_certificate", "true"),
            ("ssl_ca", ca),
        ];
        let client = client(&careless).await;
        let () = client.commands().set("a", 1).await.unwrap();

        let plain = [("host", "localhost"), ("port", &*port)];
        let error = open(&plain).await.client().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Refused | ErrorKind::Protocol),
            "{error:?}"
        );
    }
}

pub(crate) async fn tls_takes_client_certificates() {
    let server = RedisOptions::default()
        .tls(ServerCertificate::Valid)
        .client_certificates()
        .start();
    let port = server.tls_port().to_string();
    let certificates = server.certificates();
    let (ca, own, key) = (
        certificates.ca_file(),
        certificates.client_certificate_file(),
        certificates.client_key_file(),
    );
    let without = [
        ("host", "localhost"),
        ("port", &*port),
        ("ssl", "true"),
        ("ssl_ca", ca.to_str().unwrap()),
    ];
    let error = open(&without).await.client().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Tls | ErrorKind::Refused),
        "{error:?}"
    );
    let own = [
        ("ssl_certificate", own.to_str().unwrap()),
        ("ssl_key", key.to_str().unwrap()),
    ];
    let client = client(&[&without[..], &own].concat()).await;
    let () = client.commands().set("a", 1).await.unwrap();
}

/// A user's password is changed in the server, and the sessions of that user are ended.
pub(crate) async fn a_password_that_has_become_wrong_is_not_tried_again_and_again() {
    let server = RedisOptions::default()
        .password("admin")
        .user("app", "right", "~* &* +@all")
        .start();
    let url = format!("redis://{}:{}", server.host(), server.port());
    let admin = client(&[("url", &*url), ("password", "admin")]).await;
    let ask = async |words: &str| {
        let mut words = words.split(' ');
        let mut command = cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        let mut commands = admin.commands();
        command.query_async::<Value>(&mut commands).await.unwrap()
    };
    // `HELLO` with the password is each connection's first command.
    let hellos = async || {
        let stats = format!("{:?}", ask("INFO commandstats").await);
        let (_, calls) = stats.split_once("cmdstat_hello:calls=").unwrap();
        calls[..calls.find(',').unwrap()].parse::<u32>().unwrap()
    };
    let settings = [("url", &*url), ("username", "app"), ("password", "right")];
    let connection = open(&settings).await;
    let user = connection.client().await.unwrap().share();
    user.commands().get::<_, Option<String>>("a").await.unwrap();
    let before = hellos().await;
    ask("ACL SETUSER app resetpass >changed").await;
    ask("CLIENT KILL USER app").await;
    let kind = async || {
        let answer = user.commands().get::<_, Option<String>>("a").await;
        answer.map_err(|error| user.error("get", error).kind())
    };
    let started = Instant::now();
    while kind().await != Err(ErrorKind::Authentication) {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(kind().await, Err(ErrorKind::Authentication));
    let tried = hellos().await - before;
    // One by the connection itself, and the server was looked at once.
    assert!(tried <= 2, "{tried} times within 3 s");
    ask("ACL SETUSER app resetpass >right").await;
    connection.reconnect().await.unwrap();
    let user = connection.client().await.unwrap();
    user.commands().get::<_, Option<String>>("a").await.unwrap();
}
