//! Dropped futures, panics, locks held by others, an executor that must not be blocked.

use std::time::{Duration, Instant};

use connreg::{Connection, ErrorKind};
use connreg_backends::Sqlite;
use connreg_backends::sqlite::rusqlite;
use connreg_tests::soak_time;
use tokio::time::{sleep, timeout};

use super::{in_file, in_memory, load, open};

/// Runs until it is interrupted.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

/// Waits until no connection is lent out, which a leaked one would never let happen.
async fn all_are_back(connection: &Connection<Sqlite>) {
    let db = connection.client().await.unwrap();
    let back = async {
        while db.statistics().active > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), back)
        .await
        .expect("a connection never came back");
}

#[tokio::test]
async fn a_dropped_future_interrupts_its_statement() {
    let connection = open(&[("path", ":memory:"), ("pool.max_size", "1")]).await;
    let db = connection.client().await.unwrap();
    for _ in 0..3 {
        let query = db.query(ENDLESS, ());
        assert!(timeout(Duration::from_millis(20), query).await.is_err());
        let started = Instant::now();
        let two: i64 = db.query_one("SELECT 2", ()).await.unwrap().get(0).unwrap();
        assert_eq!(two, 2);
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "the next waited for the one dropped"
        );
    }
    all_are_back(&connection).await;
}

#[tokio::test]
async fn a_dropped_transaction_leaves_no_lock_and_no_row() {
    let directory = tempfile::tempdir().unwrap();
    let connection = in_file(directory.path()).await;
    let db = connection.client().await.unwrap();
    db.execute_batch("CREATE TABLE t (a)").await.unwrap();
    let endless = db.transaction(|transaction| {
        transaction.execute("INSERT INTO t VALUES (1)", [])?;
        Ok(transaction.query_row(ENDLESS, [], |row| row.get::<_, i64>(0))?)
    });
    assert!(timeout(Duration::from_millis(50), endless).await.is_err());
    // Another writer gets the lock, and sees nothing of what was begun.
    db.execute("INSERT INTO t VALUES (2)", ()).await.unwrap();
    let rows = db.query("SELECT a FROM t", ()).await.unwrap();
    let rows: Vec<i64> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    assert_eq!(rows, [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn random_drops_leak_nothing_and_corrupt_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let connection = in_file(directory.path()).await;
    let db = connection.client().await.unwrap();
    db.execute_batch("CREATE TABLE pairs (a INTEGER, b INTEGER)")
        .await
        .unwrap();
    let until = Instant::now() + soak_time(Duration::from_secs(2));
    let tasks: Vec<_> = (0..8_u64)
        .map(|seed| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let db = connection.client().await.unwrap();
                let mut random = fastrand::Rng::with_seed(seed);
                let mut n = 0_i64;
                while Instant::now() < until {
                    n += 1;
                    let patience = Duration::from_micros(random.u64(0..3_000));
                    let pair =
                        db.transaction(move |transaction| {
                            transaction.execute("INSERT INTO pairs VALUES (?1, NULL)", [n])?;
                            let row = transaction.last_insert_rowid();
                            Ok(transaction
                                .execute("UPDATE pairs SET b = a WHERE rowid = ?1", [row])?)
                        });
                    if let Ok(outcome) = timeout(patience, pair).await {
                        assert_eq!(outcome.unwrap(), 1);
                    }
                    if let Ok(rows) = timeout(patience, db.query("SELECT ?1", [n])).await {
                        assert_eq!(
                            rows.unwrap()[0].get::<i64>(0).unwrap(),
                            n,
                            "another's answer"
                        );
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    all_are_back(&connection).await;
    let halves = db
        .query_one("SELECT count(*) FROM pairs WHERE b IS NOT a", ())
        .await
        .unwrap();
    assert_eq!(
        halves.get::<i64>(0).unwrap(),
        0,
        "half of a transaction is there"
    );
    let check: String = db
        .query_one("PRAGMA integrity_check", ())
        .await
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(check, "ok");
    let statistics = db.statistics();
    assert_eq!(
        statistics.created - statistics.closed,
        u64::from(statistics.total)
    );
}

#[tokio::test]
async fn a_transaction_left_open_goes_to_nobody_else() {
    let connection = open(&[("path", ":memory:"), ("pool.max_size", "1")]).await;
    let db = connection.client().await.unwrap();
    db.execute_batch("CREATE TABLE t (a)").await.unwrap();
    let forgetful = db.with(|connection| {
        Ok(connection.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")?)
    });
    forgetful.await.unwrap();
    db.execute("INSERT INTO t VALUES (2)", ()).await.unwrap();
    let count: i64 = db
        .query_one("SELECT count(*) FROM t", ())
        .await
        .unwrap()
        .get(0)
        .unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_panic_comes_to_its_caller_and_stays_there() {
    let connection = open(&[("path", ":memory:"), ("pool.max_size", "1")]).await;
    let caller = connection.clone();
    let panicking = tokio::spawn(async move {
        let db = caller.client().await.unwrap();
        db.with(|_| -> Result<(), _> { panic!("out of coffee") })
            .await
            .unwrap();
    });
    let panic = panicking.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"out of coffee"));
    let db = connection.client().await.unwrap();
    db.query("SELECT 1", ()).await.unwrap();
    all_are_back(&connection).await;
}

#[tokio::test]
async fn a_lock_held_elsewhere_is_waited_for_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let settings = [("path", path.to_str().unwrap()), ("busy_timeout", "100ms")];
    let connection = open(&settings).await;
    let db = connection.client().await.unwrap();
    db.execute_batch("CREATE TABLE t (a)").await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let error = db
        .execute("INSERT INTO t VALUES (1)", ())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(error.is_transient());
    assert!(error.to_string().contains("busy_timeout"), "{error}");
    assert!(started.elapsed() >= Duration::from_millis(100));
    other.execute_batch("COMMIT").unwrap();
    db.execute("INSERT INTO t VALUES (1)", ()).await.unwrap();
}

#[tokio::test]
async fn a_writer_in_this_program_is_waited_for_and_told() {
    let connection = open(&[("path", ":memory:"), ("busy_timeout", "100ms")]).await;
    let db = connection.client().await.unwrap();
    db.execute_batch("CREATE TABLE t (a)").await.unwrap();
    let slow = connection.client().await.unwrap();
    let mut endless = Box::pin(slow.transaction(|transaction| {
        Ok(transaction.query_row(ENDLESS, [], |row| row.get::<_, i64>(0))?)
    }));
    assert!(
        timeout(Duration::from_millis(20), &mut endless)
            .await
            .is_err()
    );
    let error = db
        .execute("INSERT INTO t VALUES (1)", ())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    drop(endless);
    db.execute("INSERT INTO t VALUES (1)", ()).await.unwrap();
}

#[tokio::test]
async fn the_executor_goes_on_while_sqlite_works() {
    // One thread: if a statement ran on it, nothing else would.
    let connection = in_memory().await;
    let db = connection.client().await.unwrap();
    let work = db.query(ENDLESS, ());
    let ticks = async {
        for _ in 0..20 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        outcome = work => panic!("an endless statement ended: {outcome:?}"),
        () = ticks => {}
    }
}

#[tokio::test]
async fn the_deadline_of_an_operation_is_kept() {
    let connection = open(&[("path", ":memory:"), ("operation_timeout", "100ms")]).await;
    let db = connection.client().await.unwrap();
    let started = Instant::now();
    let error = db.query(ENDLESS, ()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let took = started.elapsed();
    assert!((100..1_000).contains(&took.as_millis()), "{took:?}");
    db.query("SELECT 1", ()).await.unwrap();
}

#[tokio::test]
async fn closing_leaves_the_file_tidy_whoever_still_holds_the_client() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let connections = load(&[("path", path.to_str().unwrap())]).await.unwrap();
    let connection = connections.get::<Sqlite>("db").unwrap();
    let client = connection.client().await.unwrap().share();
    client.execute_batch("CREATE TABLE t (a)").await.unwrap();
    let log = directory.path().join("test.db-wal");
    assert!(log.exists());
    connections.close().await;
    // SQLite takes the log away with the last connection.
    assert!(!log.exists(), "a connection is still open");
    assert_eq!(
        client.query("SELECT 1", []).await.unwrap_err().kind(),
        ErrorKind::Closed
    );
}
