//! Settings, connection strings, TLS, and what goes wrong before a session is open.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use connreg::ErrorKind;
use connreg_tests::{Postgres, PostgresOptions, ServerCertificate};
use tokio::net::TcpSocket;

use crate::support::{failure, load, open};

pub(crate) async fn settings_and_connection_strings_lead_to_the_same_server() {
    let server = Postgres::shared();
    let (port, password) = (server.port().to_string(), server.password());
    let (host, user, database) = (server.host(), server.user().to_owned(), server.database());
    let settings = [
        ("host", host.as_str()),
        ("port", &port),
        ("database", database),
        ("username", &user),
        ("password", &password),
        ("application_name", "connreg's test"),
        ("options", "-c statement_timeout=7s"),
    ];
    let by_settings = load(&settings, &[]).await.unwrap();
    let pairs = format!(
        "host={host} port={port} dbname={database} user={user} password='{password}' \
         application_name='connreg\\'s test' options='-c statement_timeout=7s'"
    );
    let by_pairs = load(&[("connection_string", &pairs)], &[]).await.unwrap();
    let url = format!(
        "{}?application_name=connreg%27s%20test&options=-c%20statement_timeout%3D7s",
        server.url()
    );
    let by_url = load(&[("ConnectionString", &url)], &[]).await.unwrap();
    // Platforms hand out the URL without the password.
    let bare = url.replace(&format!(":{password}@"), "@");
    let apart = load(
        &[("connection_string", &bare), ("password", &password)],
        &[],
    )
    .await
    .unwrap();
    for opened in [by_settings, by_pairs, by_url, apart] {
        let row = opened
            .client()
            .await
            .query_one(
                "SELECT current_database()::text, current_setting('application_name'), \
                 current_setting('statement_timeout')",
                &[],
            )
            .await
            .unwrap();
        let found: [&str; 3] = [row.get(0), row.get(1), row.get(2)];
        assert_eq!(found, [database, "connreg's test", "7s"]);
    }
}

pub(crate) async fn a_socket_is_a_host() {
    let server = Postgres::start();
    let folder = server.socket_folder().display().to_string();
    let port = server.port().to_string();
    let settings = [
        ("host", folder.as_str()),
        ("port", &port),
        ("database", server.database()),
        ("username", server.user()),
    ];
    let opened = load(&settings, &[]).await.unwrap();
    let address = opened
        .client()
        .await
        .query_one("SELECT inet_client_addr()::text", &[])
        .await
        .unwrap();
    assert_eq!(address.get::<_, Option<&str>>(0), None);
}

pub(crate) async fn several_hosts_are_tried_in_turn() {
    let server = Postgres::shared();
    let (_bound, closed) = closed_port();
    let url = format!(
        "postgresql://{}:{}@127.0.0.1:{closed},{}:{}/{}",
        server.user(),
        server.password(),
        server.host(),
        server.port(),
        server.database()
    );
    open(&url, &[]).await;
    let nowhere = format!("postgresql://a:b@127.0.0.1:{closed},localhost:{closed}/x");
    let error = failure(&[("connection_string", &nowhere)]).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = error.to_string();
    assert!(text.contains(&format!("127.0.0.1:{closed}")), "{text}");
    assert!(text.contains(&format!("localhost:{closed}")), "{text}");
}

pub(crate) async fn a_standby_can_be_ruled_out() {
    let server = Postgres::shared();
    let url = |wanted: &str| format!("{}?target_session_attrs={wanted}", server.url());
    for wanted in ["any", "read-write", "primary", "prefer-standby"] {
        open(&url(wanted), &[]).await;
    }
    for wanted in ["standby", "read-only"] {
        let error = failure(&[("connection_string", &url(wanted))]).await;
        assert_eq!(error.kind(), ErrorKind::Role, "{error}");
    }
}

pub(crate) async fn a_password_can_come_from_a_password_file() {
    let server = Postgres::shared();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pgpass");
    let line = format!(
        "# passwords\n*:{}:*:{}:{}\n",
        server.port(),
        server.user(),
        server.password()
    );
    std::fs::write(&file, line).unwrap();
    let bare = server
        .url()
        .replace(&format!(":{}@", server.password()), "@");
    open(&format!("{bare}?passfile={}", file.display()), &[]).await;
    let error = failure(&[("connection_string", &format!("{bare}?passfile=/nowhere"))]).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("/nowhere"), "{error}");
}

pub(crate) async fn mistakes_in_settings_are_found_when_loading() {
    let mistakes: [(&[(&str, &str)], &str); 7] = [
        (&[("username", "ann")], "`database` is missing"),
        (&[("database", "shop")], "`username` is missing"),
        (
            &[("connection_string", "postgresql://h/x"), ("host", "h")],
            "`connection_string` and `host`",
        ),
        (
            &[
                ("connection_string", "postgresql://h/x?sslmode=require"),
                ("ssl_mode", "disable"),
            ],
            "`connection_string` and `ssl_mode`",
        ),
        (
            &[("connection_string", "postgresql://h/x?sslcrl=a.pem")],
            "`sslcrl`",
        ),
        (
            &[("connection_string", "postgresql://h/x?ssl_mode=require")],
            "`sslmode`",
        ),
        (&[("connection_string", "Host=h;Database=x")], "ADO.NET"),
    ];
    for (settings, expected) in mistakes {
        let error = load(settings, &[]).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

pub(crate) async fn a_wrong_password_is_told_at_once() {
    let server = Postgres::shared();
    let url = server.url().replace(&server.password(), "wr0ng-s3cret");
    let started = Instant::now();
    let error = failure(&[("connection_string", &url)]).await;
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(!error.is_transient());
    assert!(
        !format!("{error} {error:?}").contains("wr0ng-s3cret"),
        "{error:?}"
    );

    let bare = server
        .url()
        .replace(&format!(":{}@", server.password()), "@");
    let error = failure(&[("connection_string", &bare)]).await;
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("set `password`"), "{error}");
}

pub(crate) async fn a_missing_database_is_a_mistake_in_the_configuration() {
    let server = Postgres::shared();
    let url = server.url().replace(server.database(), "no_such_database");
    let error = failure(&[("connection_string", &url)]).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("no_such_database"), "{error}");
}

pub(crate) async fn nobody_listening_is_told_at_once() {
    let (_bound, port) = closed_port();
    let url = format!("postgresql://ann:s3cret@127.0.0.1:{port}/x");
    let started = Instant::now();
    let error = failure(&[("connection_string", &url)]).await;
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.is_transient());
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
}

pub(crate) async fn an_unknown_host_is_told() {
    let url = "postgresql://ann:s3cret@no-such-host.invalid/x";
    let error = failure(&[("connection_string", url)]).await;
    assert_eq!(error.kind(), ErrorKind::Dns, "{error}");
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "{error}"
    );
}

pub(crate) async fn a_silent_server_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let url = format!("postgresql://ann:s3cret@127.0.0.1:{port}/x");
    let started = Instant::now();
    let error = failure(&[("connection_string", &url), ("connect_timeout", "400ms")]).await;
    let took = started.elapsed();
    assert!((300..1000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error.to_string().contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
}

pub(crate) async fn another_protocol_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // Once for TLS, once without.
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let _ = socket.read(&mut request).unwrap();
            socket
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .unwrap();
        }
    });
    let url = format!("postgresql://ann:s3cret@127.0.0.1:{port}/x?sslmode=disable");
    let error = failure(&[("connection_string", &url)]).await;
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    drop(std::net::TcpStream::connect(("127.0.0.1", port)));
    drop(answering);
}

pub(crate) async fn too_many_connections_are_overload() {
    let server = PostgresOptions::default()
        .setting("max_connections", "5")
        .setting("superuser_reserved_connections", "0")
        .setting("max_wal_senders", "0")
        .start();
    let first = open(&server.url(), &[("pool_size", "20")]).await;
    let client = first.client().await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(client.acquire().await.unwrap());
    }
    let mut others = Vec::new();
    let error = loop {
        let opened = load(&[("connection_string", &server.url())], &[])
            .await
            .unwrap();
        match opened.db.client().await.map(drop) {
            Ok(()) => others.push(opened),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}");
    assert!(error.is_transient());
}

pub(crate) async fn tls_is_verified() {
    let server = PostgresOptions::default()
        .tls(ServerCertificate::Valid)
        .access("hostssl all all 127.0.0.1/32 scram-sha-256")
        .start();
    let certificates = server.certificates();
    let ca = certificates.ca_file().display().to_string();
    let with = |more: &str| format!("{}?{more}", server.url());
    // `prefer` is the default on this machine.
    for url in [
        server.url(),
        with("sslmode=require"),
        with(&format!("sslmode=verify-ca&sslrootcert={ca}")),
        with(&format!("sslmode=verify-full&sslrootcert={ca}")),
        with(&format!(
            "sslmode=verify-full&sslrootcert={ca}&ssl_min_protocol_version=TLSv1.3"
        )),
        with(&format!(
            "sslmode=require&sslrootcert={ca}&ssl_max_protocol_version=TLSv1.2"
        )),
        with("sslmode=allow"),
    ] {
        let opened = open(&url, &[]).await;
        let row = opened
            .client()
            .await
            .query_one(
                "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
                &[],
            )
            .await
            .unwrap();
        let version: Option<&str> = row.get(0);
        assert!(
            version.is_some_and(|version| version.starts_with("TLS")),
            "{url}: {version:?}"
        );
    }
    let unrelated = certificates.unrelated_ca_file().display().to_string();
    for url in [
        with(&format!("sslmode=verify-full&sslrootcert={unrelated}")),
        with(&format!("sslmode=verify-ca&sslrootcert={unrelated}")),
        // The system does not know the authority.
        with("sslmode=verify-full"),
    ] {
        let error = failure(&[("connection_string", &url)]).await;
        assert_eq!(error.kind(), ErrorKind::Tls, "{url}: {error}");
        assert!(!error.is_transient());
    }
    let error = failure(&[("connection_string", &with("sslmode=disable"))]).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let settings = [
        ("connection_string", server.url()),
        ("ssl_mode", "verify-full".into()),
        ("ssl_root_cert", ca),
    ];
    let settings: Vec<_> = settings
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    load(&settings, &[]).await.unwrap().client().await;
}

pub(crate) async fn tls_modes_differ_in_what_they_verify() {
    let wrong_host = PostgresOptions::default()
        .tls(ServerCertificate::WrongHost)
        .start();
    let expired = PostgresOptions::default()
        .tls(ServerCertificate::Expired)
        .start();
    for (server, mode, fits) in [
        (&wrong_host, "require", true),
        (&wrong_host, "verify-ca", true),
        (&wrong_host, "verify-full", false),
        (&expired, "verify-ca", false),
        (&expired, "verify-full", false),
    ] {
        let ca = server.certificates().ca_file().display().to_string();
        let url = format!("{}?sslmode={mode}&sslrootcert={ca}", server.url());
        let opened = load(&[("connection_string", &url)], &[]).await.unwrap();
        match opened.db.client().await {
            Ok(_) => assert!(fits, "{mode} let it pass"),
            Err(error) => {
                assert!(!fits, "{mode}: {error}");
                assert_eq!(error.kind(), ErrorKind::Tls);
            }
        }
    }
    let none = Postgres::start();
    let url = format!("{}?sslmode=require", none.url());
    let error = failure(&[("connection_string", &url)]).await;
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
}

pub(crate) async fn a_client_certificate_logs_in() {
    let server = PostgresOptions::default()
        .tls(ServerCertificate::Valid)
        .access("hostssl all all 127.0.0.1/32 cert")
        .start();
    let certificates = server.certificates();
    let (ca, certificate, key) = (
        certificates.ca_file().display().to_string(),
        certificates.client_certificate_file().display().to_string(),
        certificates.client_key_file().display().to_string(),
    );
    let port = server.port().to_string();
    let settings = [
        ("host", "localhost"),
        ("port", &port),
        ("database", server.database()),
        ("username", server.user()),
        ("ssl_mode", "verify-full"),
        ("ssl_root_cert", &ca),
    ];
    let identity = [
        ("ssl_cert", certificate.as_str()),
        ("ssl_key", key.as_str()),
    ];
    load(&settings, &identity).await.unwrap().client().await;
    let error = failure(&settings).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let mut swapped = settings.to_vec();
    swapped.extend([
        ("ssl_cert", key.as_str()),
        ("ssl_key", certificate.as_str()),
    ]);
    let error = failure(&swapped).await;
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains(&key), "{error}");
}

pub(crate) async fn channel_binding_works() {
    let server = PostgresOptions::default()
        .tls(ServerCertificate::Valid)
        .start();
    let url = format!("{}?sslmode=require&channel_binding=require", server.url());
    open(&url, &[]).await;
    let url = format!("{}?sslmode=disable&channel_binding=require", server.url());
    let error = failure(&[("connection_string", &url)]).await;
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
}

pub(crate) async fn no_error_shows_the_password() {
    let server = Postgres::shared();
    let secret = "hunter2-s3cret";
    let (_bound, closed) = closed_port();
    let strings = [
        format!("postgresql://ann:{secret}@127.0.0.1:{closed}/x"),
        format!(
            "postgresql://ann:{secret}@{}:{}/x",
            server.host(),
            server.port()
        ),
        format!("postgresql://ann:{secret}@no-such-host.invalid/x"),
        format!(
            "host=127.0.0.1 port={} user=ann password={secret} dbname=x",
            server.port()
        ),
    ];
    for string in &strings {
        let opened = load(&[("connection_string", string)], &[]).await.unwrap();
        let error = opened.db.client().await.map(drop).unwrap_err();
        let shown = format!("{error} {error:?} {opened:?} {:?}", opened.db.settings());
        assert!(!shown.contains(secret), "{shown}");
    }
    for string in [
        format!("postgresql://ann:{secret}%@h/x"),
        format!("host=h password={secret} {secret}"),
        format!("password='{secret}"),
        format!("{secret}=x"),
    ] {
        let error = load(&[("connection_string", &string)], &[])
            .await
            .map(drop)
            .unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// A port that nobody listens on, and what keeps others from taking it.
fn closed_port() -> (TcpSocket, u16) {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = bound.local_addr().unwrap().port();
    (bound, port)
}
