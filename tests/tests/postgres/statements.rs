//! Statements, rows, streams, copies, and what a session remembers of statements.

use std::time::Instant;

use connreg::{ErrorKind, Sent};
use connreg_backends::postgres::types::Type;
use connreg_backends::postgres::{SqlState, db_error, sql_state, tokio_postgres};
use connreg_tests::Postgres;

use crate::support::{eventually, open};

pub(crate) async fn rows_come_back() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE users (id int PRIMARY KEY, name text)")
        .await
        .unwrap();
    for (id, name) in [(1, "ann"), (2, "bob")] {
        let sql = "INSERT INTO users VALUES ($1, $2)";
        assert_eq!(db.execute(sql, &[&id, &name]).await.unwrap(), 1);
    }
    let rows = db
        .query("SELECT name FROM users WHERE id > $1 ORDER BY id", &[&0])
        .await
        .unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.get("name")).collect();
    assert_eq!(names, ["ann", "bob"]);
    let one = "SELECT name FROM users WHERE id = $1";
    assert_eq!(
        db.query_one(one, &[&2]).await.unwrap().get::<_, &str>(0),
        "bob"
    );
    assert!(db.query_opt(one, &[&3]).await.unwrap().is_none());
    let typed = db.query_typed(one, &[(&1, Type::INT4)]).await.unwrap();
    assert_eq!(typed[0].get::<_, &str>(0), "ann");
    let error = db.query_one(one, &[&3]).await.unwrap_err();
    assert!(error.to_string().contains("no row"), "{error}");
    let error = db
        .query_opt("SELECT name FROM users", &[])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("more than one row"), "{error}");
    // The session is as good as before.
    assert_eq!(
        db.execute("UPDATE users SET name = 'x'", &[])
            .await
            .unwrap(),
        2
    );
}

pub(crate) async fn errors_have_the_servers_words() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE users (name text UNIQUE)")
        .await
        .unwrap();
    let insert = "INSERT INTO users VALUES ($1)";
    db.execute(insert, &[&"ann"]).await.unwrap();
    let error = db.execute(insert, &[&"ann"]).await.unwrap_err();
    assert_eq!(error.connection(), Some("main"));
    assert_eq!(error.request_sent(), Sent::Yes);
    assert_eq!(sql_state(&error), Some(&SqlState::UNIQUE_VIOLATION));
    assert_eq!(db_error(&error).unwrap().table(), Some("users"));
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<tokio_postgres::Error>().is_some());
    let text = error.to_string();
    assert!(
        text.contains("connection `main`: execute: duplicate key"),
        "{text}"
    );
    assert!(text.contains("SQLSTATE 23505"), "{text}");

    let error = db.query("SELEC 1", &[]).await.unwrap_err();
    assert_eq!(sql_state(&error), Some(&SqlState::SYNTAX_ERROR));
    assert!(!error.is_transient());
    let error = db.execute(insert, &[&1]).await.unwrap_err();
    assert_eq!(error.request_sent(), Sent::No);
    assert!(error.to_string().contains("parameter 0"), "{error}");
    let error = db.execute(insert, &[]).await.unwrap_err();
    assert!(error.to_string().contains("expected"), "{error}");
    let denied = "SET ROLE pg_monitor; SELECT * FROM pg_authid";
    let error = db.batch_execute(denied).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
}

pub(crate) async fn a_changed_table_is_noticed() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let all = "SELECT * FROM t";
    assert_eq!(db.query_one(all, &[]).await.unwrap().len(), 1);
    db.batch_execute("ALTER TABLE t ADD b int").await.unwrap();
    assert_eq!(db.query_one(all, &[]).await.unwrap().len(), 2);

    // Within a transaction the statement can't be sent again: the server has given the transaction up.
    let mut transaction = db.transaction().await.unwrap();
    transaction
        .execute("ALTER TABLE t ADD c int", &[])
        .await
        .unwrap();
    let error = transaction.query_one(all, &[]).await.unwrap_err();
    assert_eq!(sql_state(&error), Some(&SqlState::FEATURE_NOT_SUPPORTED));
    drop(transaction);
    assert_eq!(db.query_one(all, &[]).await.unwrap().len(), 2);

    // The server has forgotten all statements.
    let mut lease = db.acquire().await.unwrap();
    lease.query(all, &[]).await.unwrap();
    lease.execute("DEALLOCATE ALL", &[]).await.unwrap();
    assert_eq!(lease.query_one(all, &[]).await.unwrap().len(), 2);
}

pub(crate) async fn statements_are_prepared_once() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    for n in 0..50 {
        db.query_one("SELECT $1::int + 1", &[&n]).await.unwrap();
    }
    let mut lease = db.acquire().await.unwrap();
    let sql = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int%'";
    let counted = lease.query_typed(sql, &[]).await.unwrap();
    assert_eq!(counted[0].get::<_, i64>(0), 1);
}

pub(crate) async fn the_statement_cache_is_bounded() {
    let server = Postgres::shared();
    for (size, most) in [("5", 5), ("0", 0)] {
        let settings = [("pool_size", "1"), ("statement_cache_size", size)];
        let opened = open(&server.url(), &settings).await;
        let db = opened.client().await;
        for n in 0..20 {
            let row = db.query_one(&format!("SELECT {n}"), &[]).await.unwrap();
            assert_eq!(row.get::<_, i32>(0), n);
        }
        let mut lease = db.acquire().await.unwrap();
        let counted = lease
            .query_typed("SELECT count(*) FROM pg_prepared_statements", &[])
            .await;
        let count: i64 = counted.unwrap()[0].get(0);
        assert!(count <= most, "{count} for {size}");
    }
}

pub(crate) async fn rows_stream() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    let mut rows = db
        .query_raw("SELECT generate_series(1, $1::int)", [10_000])
        .await
        .unwrap();
    let mut sum = 0i64;
    while let Some(row) = rows.next().await {
        sum += i64::from(row.unwrap().get::<_, i32>(0));
    }
    assert_eq!(sum, 50_005_000);
    assert_eq!(rows.rows_affected(), Some(10_000));
    // It has let go of its session at its end already.
    db.query_one("SELECT 1", &[]).await.unwrap();
    drop(rows);

    let mut rows = db
        .query_raw("SELECT 1 / (3 - n) FROM generate_series(1, $1) n", [9])
        .await
        .unwrap();
    let mut seen = 0;
    let error = loop {
        match rows.next().await.unwrap() {
            Ok(_) => seen += 1,
            Err(error) => break error,
        }
    };
    assert!(seen <= 2);
    assert_eq!(sql_state(&error), Some(&SqlState::DIVISION_BY_ZERO));
    assert!(rows.next().await.is_none());
    db.query_one("SELECT 1", &[]).await.unwrap();

    let mut lease = db.acquire().await.unwrap();
    let mut rows = lease
        .query_raw("SELECT generate_series(1, $1::int)", [3])
        .await
        .unwrap();
    while let Some(row) = rows.next().await {
        row.unwrap();
    }
    drop(rows);
    lease.query_one("SELECT 1", &[]).await.unwrap();
}

pub(crate) async fn a_stream_dropped_early_gives_its_slot_back() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    for _ in 0..3 {
        let sql = "SELECT generate_series(1, 10000000)";
        let mut rows = db.query_raw(sql, std::iter::empty::<i32>()).await.unwrap();
        rows.next().await.unwrap().unwrap();
        drop(rows);
        let row = db.query_one("SELECT 7", &[]).await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 7);
    }
    assert!(db.statistics().total <= 1);
}

pub(crate) async fn copying_in_and_out() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE t (n int, word text)")
        .await
        .unwrap();
    let mut copy = db.copy_in("COPY t FROM STDIN (FORMAT csv)").await.unwrap();
    for n in 0..10_000 {
        copy.send(format!("{n},word {n}\n")).await.unwrap();
    }
    assert_eq!(copy.finish().await.unwrap(), 10_000);
    let mut copy = db
        .copy_out("COPY (SELECT n FROM t ORDER BY n) TO STDOUT")
        .await
        .unwrap();
    let mut text = Vec::new();
    while let Some(piece) = copy.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    drop(copy);
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 10_000);
    assert!(text.ends_with("9998\n9999\n"));
    let mut transaction = db.transaction().await.unwrap();
    let mut copy = transaction
        .copy_in("COPY t FROM STDIN (FORMAT csv)")
        .await
        .unwrap();
    copy.send("-1,less\n").await.unwrap();
    copy.finish().await.unwrap();
    transaction.rollback().await.unwrap();
    let count = db.query_one("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 10_000);
}

pub(crate) async fn a_failed_copy_keeps_nothing() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    let mut copy = db.copy_in("COPY t FROM STDIN").await.unwrap();
    copy.send("1\nno number\n").await.unwrap();
    let error = copy.finish().await.unwrap_err();
    assert_eq!(
        sql_state(&error),
        Some(&SqlState::INVALID_TEXT_REPRESENTATION)
    );
    let mut copy = db.copy_in("COPY t FROM STDIN").await.unwrap();
    copy.send("1\n").await.unwrap();
    drop(copy);
    let error = db.copy_in("COPY nowhere FROM STDIN").await.unwrap_err();
    assert_eq!(sql_state(&error), Some(&SqlState::UNDEFINED_TABLE));
    let count = db.query_one("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 0);
}

pub(crate) async fn a_slow_statement_is_given_up_and_cancelled() {
    let server = Postgres::shared();
    let opened = open(
        &server.url(),
        &[("operation_timeout", "300ms"), ("pool_size", "2")],
    )
    .await;
    let db = opened.client().await;
    let started = Instant::now();
    let error = db.query("SELECT pg_sleep(60)", &[]).await.unwrap_err();
    let took = started.elapsed();
    assert!((250..1000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.request_sent(), Sent::Unknown);
    assert!(error.to_string().contains("operation_timeout"), "{error}");

    let mut lease = db.acquire().await.unwrap();
    lease.query("SELECT pg_sleep(60)", &[]).await.unwrap_err();
    let error = lease.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    drop(lease);

    let rows = "SELECT n, CASE WHEN n > 100000 THEN pg_sleep(60) END FROM generate_series(1, $1) n";
    let mut rows = db.query_raw(rows, [200_000]).await.unwrap();
    let error = loop {
        match rows.next().await.unwrap() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    eventually("the statements have been cancelled", async || {
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
        db.query_one(sleeping, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
}
