//! Transactions and savepoints.

use connreg::ErrorKind;
use connreg::pool::CloseReason;
use connreg_backends::postgres::{Client, IsolationLevel, SqlState, sql_state};
use connreg_tests::Postgres;

use crate::support::{Opened, open};

async fn table(settings: &[(&str, &str)], server: &connreg_tests::PostgresDatabase) -> Opened {
    let opened = open(&server.url(), settings).await;
    let db = opened.client().await;
    db.batch_execute("CREATE TABLE t (n int UNIQUE)")
        .await
        .unwrap();
    drop(db);
    opened
}

async fn numbers(db: &Client) -> Vec<i32> {
    let rows = db.query("SELECT n FROM t ORDER BY n", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const INSERT: &str = "INSERT INTO t VALUES ($1)";

pub(crate) async fn a_transaction_commits_and_rolls_back() {
    let server = Postgres::shared();
    let opened = table(&[("pool_size", "2")], &server).await;
    let db = opened.client().await;
    let mut transaction = db.transaction().await.unwrap();
    transaction.execute(INSERT, &[&1]).await.unwrap();
    assert_eq!(numbers(&db).await, [] as [i32; 0]);
    transaction.commit().await.unwrap();
    assert_eq!(numbers(&db).await, [1]);
    let mut transaction = db.transaction().await.unwrap();
    transaction.execute(INSERT, &[&2]).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(numbers(&db).await, [1]);

    let mut lease = db.acquire().await.unwrap();
    let mut transaction = lease.transaction().await.unwrap();
    transaction.execute(INSERT, &[&3]).await.unwrap();
    transaction.commit().await.unwrap();
    drop(lease);
    assert_eq!(numbers(&db).await, [1, 3]);
}

pub(crate) async fn a_dropped_transaction_is_rolled_back() {
    let server = Postgres::shared();
    let opened = table(&[("pool_size", "1")], &server).await;
    let db = opened.client().await;
    let mut transaction = db.transaction().await.unwrap();
    transaction.execute(INSERT, &[&1]).await.unwrap();
    drop(transaction);
    assert_eq!(numbers(&db).await, [] as [i32; 0]);
    assert_eq!(db.statistics().created, 1, "the session is used again");

    let mut lease = db.acquire().await.unwrap();
    let mut transaction = lease.transaction().await.unwrap();
    transaction.execute(INSERT, &[&2]).await.unwrap();
    drop(transaction);
    lease.execute(INSERT, &[&3]).await.unwrap();
    drop(lease);
    assert_eq!(numbers(&db).await, [3]);

    // Forgotten altogether, it can't do any harm but to hold its session.
    let mut lease = db.acquire().await.unwrap();
    std::mem::forget(lease.transaction().await.unwrap());
    let error = lease.transaction().await.map(drop).unwrap_err();
    assert!(error.to_string().contains("savepoint"), "{error}");
    drop(lease);
    assert_eq!(numbers(&db).await, [3]);
}

pub(crate) async fn a_failed_transaction_does_not_pass_for_committed() {
    let server = Postgres::shared();
    let opened = table(&[("pool_size", "1")], &server).await;
    let db = opened.client().await;
    let mut transaction = db.transaction().await.unwrap();
    transaction.execute(INSERT, &[&1]).await.unwrap();
    transaction.execute(INSERT, &[&1]).await.unwrap_err();
    let error = transaction.commit().await.unwrap_err();
    assert!(error.to_string().contains("rolled back"), "{error}");
    assert_eq!(numbers(&db).await, [] as [i32; 0]);
}

pub(crate) async fn savepoints_nest() {
    let server = Postgres::shared();
    let opened = table(&[("pool_size", "1")], &server).await;
    let db = opened.client().await;
    let mut transaction = db.transaction().await.unwrap();
    transaction.execute(INSERT, &[&1]).await.unwrap();
    {
        let mut outer = transaction.savepoint().await.unwrap();
        outer.execute(INSERT, &[&2]).await.unwrap();
        {
            let mut inner = outer.savepoint().await.unwrap();
            inner.execute(INSERT, &[&2]).await.unwrap_err();
            // Dropped: only what failed is undone.
        }
        outer.execute(INSERT, &[&3]).await.unwrap();
        outer.commit().await.unwrap();
    }
    {
        let mut undone = transaction.savepoint().await.unwrap();
        undone.execute(INSERT, &[&4]).await.unwrap();
        undone.rollback().await.unwrap();
    }
    {
        let mut dropped = transaction.savepoint().await.unwrap();
        dropped.execute(INSERT, &[&5]).await.unwrap();
    }
    transaction.commit().await.unwrap();
    assert_eq!(numbers(&db).await, [1, 2, 3]);
}

pub(crate) async fn transactions_have_modes() {
    let server = Postgres::shared();
    let opened = table(&[], &server).await;
    let db = opened.client().await;
    let mut transaction = db
        .build_transaction()
        .isolation_level(IsolationLevel::Serializable)
        .read_only(true)
        .deferrable(true)
        .start()
        .await
        .unwrap();
    let sql = "SELECT current_setting('transaction_isolation'), \
               current_setting('transaction_read_only'), current_setting('transaction_deferrable')";
    let row = transaction.query_one(sql, &[]).await.unwrap();
    let modes: [&str; 3] = [row.get(0), row.get(1), row.get(2)];
    assert_eq!(modes, ["serializable", "on", "on"]);
    let error = transaction.execute(INSERT, &[&1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other, "{error}");
    assert_eq!(
        sql_state(&error),
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
    );
    drop(transaction);

    // Two that can't both have been first.
    let serializable = || {
        db.build_transaction()
            .isolation_level(IsolationLevel::Serializable)
            .start()
    };
    let (mut one, mut other) = (serializable().await.unwrap(), serializable().await.unwrap());
    for transaction in [&mut one, &mut other] {
        transaction
            .query("SELECT sum(n) FROM t", &[])
            .await
            .unwrap();
    }
    one.execute(INSERT, &[&1]).await.unwrap();
    other.execute(INSERT, &[&2]).await.unwrap();
    one.commit().await.unwrap();
    let error = other.commit().await.unwrap_err();
    assert_eq!(
        sql_state(&error),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE)
    );
    assert!(error.is_transient());
    assert!(error.to_string().contains("again"), "{error}");
}

pub(crate) async fn a_write_that_the_user_forbade_is_no_sign_of_a_fail_over() {
    let database = Postgres::shared();
    let opened = open(&database.url(), &[]).await;
    let client = opened.client().await;
    for forbids in [
        "SET TRANSACTION READ ONLY",
        "SET LOCAL transaction_read_only = on",
    ] {
        let mut transaction = client.transaction().await.unwrap();
        transaction.execute(forbids, &[]).await.unwrap();
        let write = transaction.execute("CREATE TABLE forbidden (n int)", &[]);
        let error = write.await.unwrap_err();
        let state = sql_state(&error).cloned();
        assert_eq!(state, Some(SqlState::READ_ONLY_SQL_TRANSACTION), "{error}");
        drop(transaction);
        opened.all_free().await;
    }
    let closed_by = client.statistics().closed_by;
    assert_eq!(closed_by.of(CloseReason::Retired), 0, "{closed_by:?}");
    client
        .batch_execute("CREATE TABLE allowed (n int)")
        .await
        .unwrap();
}
