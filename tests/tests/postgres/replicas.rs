//! Reads that go to replicas: which one, and what happens when it dies or is behind.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use connreg::{Client, ErrorKind};
use connreg_backends::Postgres as Backend;
use connreg_backends::postgres::sql_state;
use connreg_tests::{Postgres, PostgresOptions};
use tokio::task::JoinSet;

use crate::failover::url_of;
use crate::support::{Opened, eventually, load, open};

/// A primary with a table `t (n int)` and its replicas.
async fn group(replicas: usize) -> (Postgres, Vec<Postgres>) {
    let primary = PostgresOptions::default().replicated().start();
    let owner = open(&primary.url(), &[]).await;
    let owner = owner.client().await;
    owner.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    let replicas = (0..replicas).map(|_| primary.replica()).collect();
    (primary, replicas)
}

async fn connect(primary: &Postgres, replicas: &[Postgres], settings: &[(&str, &str)]) -> Opened {
    let ports = [primary].into_iter().chain(replicas).map(Postgres::port);
    let ports: Vec<_> = ports.collect();
    open(&url_of(primary, &ports), settings).await
}

/// The port of the server that a read gets, if it gets any.
async fn read_from(client: &Client<Backend>) -> Option<u16> {
    let port = client
        .read()
        .query_one("SELECT inet_server_port()", &[])
        .await;
    u16::try_from(port.ok()?.get::<_, i32>(0)).ok()
}

/// Waits until reads go to all of these and no others.
async fn reads_go_to(client: &Client<Backend>, servers: &[&Postgres]) {
    let expected: HashSet<_> = servers.iter().map(|server| Some(server.port())).collect();
    let started = Instant::now();
    loop {
        let mut seen = HashSet::new();
        for _ in 0..30 {
            seen.insert(read_from(client).await);
        }
        if seen == expected {
            return;
        }
        let limit = Duration::from_secs(20);
        assert!(started.elapsed() < limit, "from {seen:?}, not {expected:?}");
    }
}

/// The sessions that a server has under this name.
async fn sessions(server: &Postgres, application: &str) -> i64 {
    let owner = open(&server.url(), &[]).await;
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let row = owner.client().await.query_one(sql, &[&application]).await;
    row.unwrap().get(0)
}

pub(crate) async fn reads_go_to_a_replica_and_writes_to_the_primary() {
    let (primary, replicas) = group(1).await;
    let settings = [
        ("read_from", "prefer_replica"),
        ("application_name", "divided"),
    ];
    let opened = connect(&primary, &replicas, &settings).await;
    let client = opened.client().await;
    client
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap();
    assert_eq!(
        sessions(&replicas[0], "divided").await,
        0,
        "nobody has asked for one"
    );
    reads_go_to(&client, &[&replicas[0]]).await;
    client
        .execute("INSERT INTO t VALUES (2)", &[])
        .await
        .unwrap();
    let mut transaction = client.read().transaction().await.unwrap();
    let row = transaction
        .query_one("SELECT pg_is_in_recovery()", &[])
        .await;
    assert!(row.unwrap().get::<_, bool>(0));
    let refused = transaction.execute("INSERT INTO t VALUES (3)", &[]).await;
    assert_eq!(sql_state(&refused.unwrap_err()).unwrap().code(), "25006");
    transaction.rollback().await.unwrap();
    let mut rows = client
        .read()
        .query_raw("SELECT pg_is_in_recovery()", [0; 0])
        .await
        .unwrap();
    assert!(rows.next().await.unwrap().unwrap().get::<_, bool>(0));
    assert!(rows.next().await.is_none());
    let figures = client.statistics();
    assert_eq!(figures.max_size, 20, "two pools: {figures:?}");
    assert!(figures.total >= 2, "{figures:?}");
    assert_eq!(u64::from(figures.total), figures.created - figures.closed);
    assert_eq!(figures.closed, 0, "{figures:?}");
    opened.connections.close().await;
    for server in [&primary, &replicas[0]] {
        eventually("all sessions have ended", async || {
            sessions(server, "divided").await == 0
        })
        .await;
    }
    let error = client.read().query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}

pub(crate) async fn a_replica_that_dies_is_read_around() {
    let (primary, replicas) = group(2).await;
    // Looked at often, so that a slow first answer does not count for long.
    let often = ("role_check_interval", "100ms");
    let settings = [("read_from", "replica"), ("failover_timeout", "1s"), often];
    let strict = connect(&primary, &replicas, &settings).await;
    let strict = strict.client().await;
    let settings = [("read_from", "prefer_replica"), often];
    let lenient = connect(&primary, &replicas, &settings).await;
    let lenient = lenient.client().await;
    for client in [&strict, &lenient] {
        reads_go_to(client, &[&replicas[0], &replicas[1]]).await;
    }
    // Reads under way, too, are done elsewhere.
    let mut reads = JoinSet::new();
    for _ in 0..4 {
        let client = strict.clone();
        reads.spawn(async move {
            let sql = "SELECT pg_sleep(2)::text, inet_server_port()";
            client.read().query_one(sql, &[]).await.map(drop)
        });
    }
    eventually("they are under way", async || {
        strict.statistics().active == 4
    })
    .await;
    replicas[0].kill();
    for read in reads.join_all().await {
        read.unwrap();
    }
    for client in [&strict, &lenient] {
        reads_go_to(client, &[&replicas[1]]).await;
    }
    replicas[1].kill();
    reads_go_to(&lenient, &[&primary]).await;
    let started = Instant::now();
    let error = strict.read().query("SELECT 1", &[]).await.unwrap_err();
    let took = started.elapsed();
    assert!(
        matches!(error.kind(), ErrorKind::Role | ErrorKind::Refused),
        "{error}"
    );
    assert!(took < Duration::from_secs(3), "{took:?}");
    // With all of them banned, being banned counts for nothing.
    replicas[0].restart();
    eventually("the first is read from again", async || {
        strict.read().query("SELECT 1", &[]).await.is_ok()
    })
    .await;
    // Writing goes on all the time.
    strict
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap();
}

pub(crate) async fn a_replica_that_is_behind_is_read_around() {
    let (primary, replicas) = group(2).await;
    let settings = [
        ("read_from", "prefer_replica"),
        ("max_replica_lag", "500ms"),
        ("role_check_interval", "200ms"),
    ];
    let opened = connect(&primary, &replicas, &settings).await;
    let client = opened.client().await;
    reads_go_to(&client, &[&replicas[0], &replicas[1]]).await;
    let pause = async |server: &Postgres| {
        let owner = open(&server.url(), &[]).await;
        let sql = "SELECT pg_wal_replay_pause()";
        owner.client().await.query(sql, &[]).await.unwrap();
        eventually("it pauses", async || {
            let sql = "SELECT pg_get_wal_replay_pause_state()";
            let row = owner.client().await.query_one(sql, &[]).await.unwrap();
            row.get::<_, &str>(0) == "paused"
        })
        .await;
    };
    pause(&replicas[0]).await;
    client
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap();
    reads_go_to(&client, &[&replicas[1]]).await;
    pause(&replicas[1]).await;
    client
        .execute("INSERT INTO t VALUES (2)", &[])
        .await
        .unwrap();
    reads_go_to(&client, &[&primary]).await;
}

pub(crate) async fn a_session_reads_what_it_has_written() {
    let (primary, replicas) = group(1).await;
    let opened = connect(&primary, &replicas, &[("read_from", "replica")]).await;
    let client = opened.client().await;
    reads_go_to(&client, &[&replicas[0]]).await;
    let owner = open(&replicas[0].url(), &[]).await;
    let sql = "SELECT pg_wal_replay_pause()";
    owner.client().await.query(sql, &[]).await.unwrap();
    let session = client.read_your_writes();
    let sql = "SELECT count(*) FROM t";
    let own = async || {
        session
            .read()
            .query_one(sql, &[])
            .await
            .unwrap()
            .get::<_, i64>(0)
    };
    assert_eq!(own().await, 0);
    session
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap();
    let wrote = Instant::now();
    assert_eq!(own().await, 1);
    // Others may see an earlier state.
    let others = client.read().query_one(sql, &[]).await.unwrap();
    assert_eq!(others.get::<_, i64>(0), 0);
    eventually("it reads from the replica again", async || own().await == 0).await;
    let after = wrote.elapsed();
    assert!(after > Duration::from_millis(1900), "{after:?}");
    let mut transaction = session.transaction().await.unwrap();
    transaction
        .execute("INSERT INTO t VALUES (2)", &[])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(own().await, 2);
    // What is held for long may write at its end.
    let mut lease = session.acquire().await.unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    lease
        .execute("INSERT INTO t VALUES (3)", &[])
        .await
        .unwrap();
    assert_eq!(own().await, 3);
}

pub(crate) async fn nothing_is_read_once_it_is_closed() {
    let (primary, replicas) = group(1).await;
    let settings = [("read_from", "replica"), ("application_name", "closed")];
    let opened = connect(&primary, &replicas, &settings).await;
    let reader = opened.client().await.read();
    opened.connections.close().await;
    let started = Instant::now();
    let error = reader.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    assert!(started.elapsed() < Duration::from_secs(4), "it waited");
    eventually("no session is left", async || {
        sessions(&primary, "closed").await + sessions(&replicas[0], "closed").await == 0
    })
    .await;
}

pub(crate) async fn one_server_has_no_more_sessions_than_before() {
    let server = Postgres::start();
    let opened = open(&server.url(), &[("application_name", "single")]).await;
    let client = opened.client().await;
    client.read().query("SELECT 1", &[]).await.unwrap();
    client.query("SELECT 1", &[]).await.unwrap();
    assert_eq!(sessions(&server, "single").await, 1);
    let url = server.url();
    let settings = [("connection_string", &*url), ("read_from", "replica")];
    let error = load(&settings, &[]).await.unwrap_err();
    assert!(error.to_string().contains("several hosts"), "{error}");
}
