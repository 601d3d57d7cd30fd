//! The harness itself: servers start, get hurt, come back, and nothing stays.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use connreg_tests::{
    Postgres, PostgresOptions, Redis, RedisCluster, RedisOptions, RedisSentinel, ServerCertificate,
    suite,
};
use tokio_postgres::{Client, NoTls};

suite! {
    Postgres:
        postgres_answers_with_the_password_only,
        postgres_comes_back_from_kill_on_the_same_port_and_data,
        postgres_frozen_keeps_sockets_open_and_silent,
        postgres_settings_are_taken,
        postgres_with_tls_shows_its_certificate,
        postgres_databases_on_the_shared_server_are_apart,
        postgres_replicas_follow_and_take_over;
    Redis:
        redis_comes_back_from_kill_on_the_same_port,
        redis_keeps_data_where_asked,
        redis_knows_users_and_passwords,
        redis_frozen_is_silent,
        redis_with_tls_has_a_second_port,
        redis_keys_on_the_shared_server_go_with_the_test,
        redis_cluster_spreads_keys,
        redis_sentinel_promotes_the_replica;
    Postgres + Redis: nothing_is_left_behind;
}

async fn client(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // Its end is seen through the client.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(client)
}

async fn postgres_answers_with_the_password_only() {
    let postgres = Postgres::start();
    let one: i32 = client(&postgres.url())
        .await
        .unwrap()
        .query_one("SELECT 1", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(one, 1);
    let wrong = postgres.url().replace(postgres.password(), "wrong");
    let error = client(&wrong).await.map(drop).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "28P01");
}

async fn postgres_comes_back_from_kill_on_the_same_port_and_data() {
    let postgres = Postgres::start();
    let port = postgres.port();
    let first = client(&postgres.url()).await.unwrap();
    first
        .batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7); CHECKPOINT")
        .await
        .unwrap();
    postgres.kill();
    assert!(first.simple_query("SELECT 1").await.is_err());
    assert!(client(&postgres.url()).await.is_err());
    postgres.restart();
    assert_eq!(postgres.port(), port);
    let second = client(&postgres.url()).await.unwrap();
    let kept: i32 = second
        .query_one("SELECT n FROM kept", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, 7);
}

async fn postgres_frozen_keeps_sockets_open_and_silent() {
    let postgres = Postgres::start();
    let client = client(&postgres.url()).await.unwrap();
    postgres.freeze();
    let question = client.simple_query("SELECT 1");
    tokio::pin!(question);
    let silence = tokio::time::timeout(Duration::from_millis(300), &mut question).await;
    assert!(silence.is_err(), "a frozen server answered");
    postgres.thaw();
    question.await.unwrap();
}

async fn postgres_replicas_follow_and_take_over() {
    let first = PostgresOptions::default().replicated().start();
    let second = first.replica();
    let write = async |server: &Postgres, n: i32| {
        let client = client(&server.url()).await.unwrap();
        client.execute("INSERT INTO t VALUES ($1)", &[&n]).await
    };
    let has = async |server: &Postgres, n: i32| {
        let client = client(&server.url()).await.unwrap();
        for _ in 0..1000 {
            let found = client.query("SELECT n FROM t WHERE n = $1", &[&n]).await;
            if found.is_ok_and(|rows| rows.len() == 1) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{n} did not arrive");
    };
    let owner = client(&first.url()).await.unwrap();
    owner.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    write(&first, 1).await.unwrap();
    has(&second, 1).await;
    let error = write(&second, 2).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "25006");
    first.kill();
    second.promote();
    write(&second, 3).await.unwrap();
    first.restart_as_standby_of(&second);
    has(&first, 3).await;
    write(&second, 4).await.unwrap();
    has(&first, 4).await;
    assert!(write(&first, 5).await.is_err());
}

async fn postgres_settings_are_taken() {
    let postgres = PostgresOptions::default()
        .setting("max_connections", "17")
        .start();
    let client = client(&postgres.url()).await.unwrap();
    let row = client.query_one("SHOW max_connections", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "17");
}

async fn postgres_with_tls_shows_its_certificate() {
    let only_tls = "hostssl all all 127.0.0.1/32 scram-sha-256";
    let by_certificate = "hostssl all all 127.0.0.1/32 cert";
    for (certificate, access, works) in [
        (ServerCertificate::Valid, only_tls, true),
        (ServerCertificate::Valid, by_certificate, true),
        (ServerCertificate::WrongHost, only_tls, false),
        (ServerCertificate::Expired, only_tls, false),
    ] {
        let postgres = PostgresOptions::default()
            .tls(certificate)
            .access(access)
            .start();
        assert!(client(&postgres.url()).await.is_err(), "plain was let in");
        let certificates = postgres.certificates();
        let handshake = |ca: &Path| {
            // libpq's own idea of it, so that the harness is not checked by what it is to test.
            let mut psql = Command::new("psql");
            psql.args([
                "-XAtc",
                "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            ])
            .env("PGHOST", "localhost")
            .env("PGHOSTADDR", postgres.host())
            .env("PGPORT", postgres.port().to_string())
            .env("PGUSER", postgres.user())
            .env("PGPASSWORD", postgres.password())
            .env("PGDATABASE", postgres.database())
            .env("PGSSLMODE", "verify-full")
            .env("PGSSLROOTCERT", ca)
            .env("PGSSLCERT", certificates.client_certificate_file())
            .env("PGSSLKEY", certificates.client_key_file());
            psql.output().unwrap()
        };
        let right = handshake(&certificates.ca_file());
        assert_eq!(right.status.success(), works, "{certificate:?}: {right:?}");
        let unknown = handshake(&certificates.unrelated_ca_file());
        assert!(
            !unknown.status.success(),
            "an unknown authority was trusted"
        );
    }
}

async fn postgres_databases_on_the_shared_server_are_apart() {
    let one = Postgres::shared();
    let other = Postgres::shared();
    assert_ne!(one.database(), other.database());
    let in_one = client(&one.url()).await.unwrap();
    let in_other = client(&other.url()).await.unwrap();
    in_one
        .batch_execute("CREATE TABLE t (n int)")
        .await
        .unwrap();
    assert!(in_other.batch_execute("SELECT * FROM t").await.is_err());
    let url = one.url();
    drop(one);
    assert!(
        client(&url).await.is_err(),
        "the database outlived its test"
    );
}

fn redis_connection(url: &str) -> redis::RedisResult<redis::Connection> {
    let connection =
        redis::Client::open(url)?.get_connection_with_timeout(Duration::from_secs(5))?;
    connection.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(connection)
}

fn ask(connection: &mut redis::Connection, words: &str) -> redis::RedisResult<String> {
    let mut command = redis::Cmd::new();
    for word in words.split(' ') {
        command.arg(word);
    }
    command.query(connection)
}

async fn redis_comes_back_from_kill_on_the_same_port() {
    let redis = Redis::start();
    let url = redis.url();
    let mut first = redis_connection(&url).unwrap();
    assert_eq!(ask(&mut first, "SET a 1").unwrap(), "OK");
    redis.kill();
    assert!(ask(&mut first, "GET a").is_err());
    assert!(redis_connection(&url).is_err());
    redis.restart();
    assert_eq!(redis.url(), url);
    let mut second = redis_connection(&url).unwrap();
    assert_eq!(ask(&mut second, "PING").unwrap(), "PONG");
}

async fn redis_keeps_data_where_asked() {
    let redis = RedisOptions::default()
        .persistent()
        .setting("appendfsync", "always")
        .start();
    ask(&mut redis_connection(&redis.url()).unwrap(), "SET a 1").unwrap();
    redis.kill();
    redis.restart();
    let mut connection = redis_connection(&redis.url()).unwrap();
    assert_eq!(ask(&mut connection, "GET a").unwrap(), "1");
}

async fn redis_knows_users_and_passwords() {
    let redis = RedisOptions::default()
        .password("secret word".replace(' ', "-").as_str())
        .user("reader", "r", "~public:* +@read +ping")
        .start();
    let mut connection = redis_connection(&redis.url()).unwrap();
    assert_eq!(ask(&mut connection, "SET public:a 1").unwrap(), "OK");
    let without = format!("redis://{}:{}/", redis.host(), redis.port());
    assert!(ask(&mut redis_connection(&without).unwrap(), "GET public:a").is_err());
    let reader = format!("redis://reader:r@{}:{}/", redis.host(), redis.port());
    let mut reader = redis_connection(&reader).unwrap();
    assert_eq!(ask(&mut reader, "GET public:a").unwrap(), "1");
    assert!(ask(&mut reader, "SET public:a 2").is_err());
}

async fn redis_frozen_is_silent() {
    let redis = Redis::start();
    let mut connection = redis_connection(&redis.url()).unwrap();
    redis.freeze();
    let started = Instant::now();
    assert!(ask(&mut connection, "PING").is_err());
    assert!(started.elapsed() >= Duration::from_millis(500));
    redis.thaw();
    let mut connection = redis_connection(&redis.url()).unwrap();
    assert_eq!(ask(&mut connection, "PING").unwrap(), "PONG");
}

async fn redis_with_tls_has_a_second_port() {
    let redis = RedisOptions::default()
        .tls(ServerCertificate::Valid)
        .client_certificates()
        .start();
    assert_ne!(redis.port(), redis.tls_port());
    let ping = |client: bool| {
        let certificates = redis.certificates();
        let mut openssl = Command::new("openssl");
        openssl
            .args([
                "s_client",
                "-quiet",
                "-verify_return_error",
                "-verify_hostname",
                "localhost",
            ])
            .args(["-connect", &format!("127.0.0.1:{}", redis.tls_port())])
            .arg("-CAfile")
            .arg(certificates.ca_file());
        if client {
            openssl
                .arg("-cert")
                .arg(certificates.client_certificate_file())
                .arg("-key")
                .arg(certificates.client_key_file());
        }
        let mut openssl = openssl
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut input = openssl.stdin.take().unwrap();
        // A server that refuses may have hung up before this is written.
        let _ = std::io::Write::write_all(&mut input, b"PING\r\nQUIT\r\n");
        let output = openssl.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(ping(true).contains("+PONG"));
    assert!(
        !ping(false).contains("+PONG"),
        "let in without a certificate"
    );
}

async fn redis_keys_on_the_shared_server_go_with_the_test() {
    let keys = Redis::shared();
    let other = Redis::shared();
    assert_ne!(keys.prefix(), other.prefix());
    let mut connection = redis_connection(keys.url()).unwrap();
    let (mine, theirs) = (keys.key("a"), other.key("a"));
    ask(&mut connection, &format!("SET {mine} 1")).unwrap();
    ask(&mut connection, &format!("SET {theirs} 2")).unwrap();
    drop(keys);
    assert!(
        ask(&mut connection, &format!("GET {mine}")).is_err(),
        "nil expected"
    );
    assert_eq!(ask(&mut connection, &format!("GET {theirs}")).unwrap(), "2");
}

async fn redis_cluster_spreads_keys() {
    let cluster = RedisCluster::start();
    let mut owners = 0;
    for url in cluster.urls() {
        let mut connection = redis_connection(&url).unwrap();
        // One of the three owns the slot of `a`, the others say where it is.
        match ask(&mut connection, "SET a 1") {
            Ok(_) => owners += 1,
            Err(error) => assert_eq!(
                error.kind(),
                redis::ErrorKind::Server(redis::ServerErrorKind::Moved)
            ),
        }
    }
    assert_eq!(owners, 1);
}

async fn redis_sentinel_promotes_the_replica() {
    let group = RedisSentinel::start();
    group.wait_for_primary(group.primary().port());
    group.primary().kill();
    group.wait_for_primary(group.replica().port());
    let mut connection = redis_connection(&group.replica().url()).unwrap();
    assert_eq!(ask(&mut connection, "SET a 1").unwrap(), "OK");
}

async fn nothing_is_left_behind() {
    let postgres = Postgres::start();
    let redis = Redis::start();
    let folder = postgres.socket_folder().to_path_buf();
    let pids = [postgres.id(), redis.id()];
    let _client = client(&postgres.url()).await.unwrap();
    drop(postgres);
    drop(redis);
    for pid in pids {
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{pid} still runs"
        );
    }
    assert!(!folder.exists());
}
