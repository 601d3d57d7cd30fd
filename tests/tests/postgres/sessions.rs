//! Exclusive sessions, and what the next user finds of the last one's doings.

use connreg_backends::postgres::Client;
use connreg_tests::Postgres;

use crate::support::open;

async fn text(db: &Client, sql: &str) -> String {
    db.query_one(sql, &[]).await.unwrap().get(0)
}

async fn pid(db: &Client) -> i32 {
    db.query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0)
}

pub(crate) async fn a_lease_keeps_its_session() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "3")]).await;
    let db = opened.client().await;
    let mut lease = db.acquire().await.unwrap();
    lease
        .batch_execute("CREATE TEMP TABLE mine (n int); SET application_name = 'mine'")
        .await
        .unwrap();
    let own: i32 = lease
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    for n in 0..5 {
        assert_ne!(pid(&db).await, own);
        lease
            .execute("INSERT INTO mine VALUES ($1)", &[&n])
            .await
            .unwrap();
    }
    let row = lease
        .query_one(
            "SELECT count(*), current_setting('application_name') FROM mine",
            &[],
        )
        .await;
    let row = row.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (5, "mine"));
    lease.reset().await.unwrap();
    assert!(lease.query("SELECT * FROM mine", &[]).await.is_err());
}

pub(crate) async fn nothing_done_to_a_session_reaches_the_next() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    let untouched = text(&db, "SHOW search_path").await;
    // Within a statement, several in a batch, through a function, before an error, behind a comment.
    for sql in [
        "SET search_path = pg_catalog",
        "/* a word */ SET search_path = pg_catalog",
        "SELECT set_config('search_path', 'pg_catalog', false)",
        "SELECT pg_advisory_lock(7)",
        "PREPARE theirs AS SELECT 1",
        "CREATE TEMP TABLE theirs (n int)",
        "SELECT 1 AS n INTO TEMP theirs",
        "LISTEN theirs",
        "SET SESSION AUTHORIZATION pg_monitor",
        "SET ROLE pg_monitor",
        "DECLARE theirs CURSOR WITH HOLD FOR SELECT 1",
        "BEGIN",
    ] {
        for batch in [false, true] {
            let mut lease = db.acquire().await.unwrap();
            if batch {
                lease
                    .batch_execute(&format!("SELECT 1; {sql}; SELECT 2"))
                    .await
                    .unwrap();
            } else {
                lease.execute(sql, &[]).await.unwrap();
            }
            drop(lease);
            assert_eq!(text(&db, "SHOW search_path").await, untouched, "{sql}");
            let left = "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) \
                        + (SELECT count(*) FROM pg_prepared_statements WHERE name = 'theirs') \
                        + (SELECT count(*) FROM pg_class WHERE relname = 'theirs' AND relpersistence = 't') \
                        + (SELECT count(*) FROM pg_listening_channels()) \
                        + (SELECT count(*) FROM pg_cursors WHERE name = 'theirs')";
            assert_eq!(
                db.query_one(left, &[]).await.unwrap().get::<_, i64>(0),
                0,
                "{sql}"
            );
            assert_eq!(
                text(&db, "SELECT current_user::text").await,
                server.user(),
                "{sql}"
            );
            // Within one transaction it is always the same time.
            let now = "SELECT now()::text";
            assert_ne!(text(&db, now).await, text(&db, now).await, "{sql}");
        }
    }
}

pub(crate) async fn a_session_that_read_and_wrote_goes_back_as_it_is() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    let first = pid(&db).await;
    for n in 0..20 {
        let mut lease = db.acquire().await.unwrap();
        lease
            .execute("INSERT INTO t VALUES ($1)", &[&n])
            .await
            .unwrap();
        lease.query("SELECT * FROM t", &[]).await.unwrap();
    }
    assert_eq!(pid(&db).await, first);
    assert_eq!(db.statistics().created, 1);
}

pub(crate) async fn single_statements_leave_nothing_behind() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    let untouched = text(&db, "SHOW statement_timeout").await;
    db.execute("SET statement_timeout = '77s'", &[])
        .await
        .unwrap();
    assert_eq!(text(&db, "SHOW statement_timeout").await, untouched);
    db.batch_execute("BEGIN; CREATE TABLE half (n int)")
        .await
        .unwrap();
    assert!(db.query("SELECT * FROM half", &[]).await.is_err());
    db.simple_query("SET statement_timeout = '77s'")
        .await
        .unwrap();
    assert_eq!(text(&db, "SHOW statement_timeout").await, untouched);
    db.execute("DISCARD ALL", &[]).await.unwrap();
    assert_eq!(text(&db, "SHOW statement_timeout").await, untouched);
}

pub(crate) async fn an_open_transaction_does_not_go_back() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "1")]).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    let mut transaction = db.transaction().await.unwrap();
    transaction
        .execute("INSERT INTO t VALUES (1)", &[])
        .await
        .unwrap();
    // Holds a lock, and is given up with a request under way.
    transaction.batch_execute("LOCK TABLE t").await.unwrap();
    {
        let waiting = transaction.query("SELECT pg_sleep(60)", &[]);
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(50), waiting).await;
        assert!(given_up.is_err());
    }
    drop(transaction);
    let count = db.query_one("SELECT count(*) FROM t", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), 0);
}
