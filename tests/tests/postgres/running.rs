//! `run` and its kin on servers that say no, are slow, die and come back.

use std::time::{Duration, Instant};

use connreg::policy::CallPolicy;
use connreg::{BreakerState, Client, Error, ErrorKind, RetrySettings, Sent};
use connreg_tests::Postgres;

use crate::support::{Opened, eventually, open};

async fn answer(opened: &Opened) -> Result<i32, Error> {
    opened
        .db
        .run(|client| async move { Ok(client.query_one("SELECT 42", &[]).await?.get(0)) })
        .await
}

pub(crate) async fn run_gives_what_the_query_gives() -> Result<(), Error> {
    let database = Postgres::shared();
    let opened = open(&database.url(), &[]).await;
    assert_eq!(answer(&opened).await?, 42);
    let rows = opened
        .db
        .run_idempotent(|client| async move { client.query("SELECT 1", &[]).await })
        .await?;
    assert_eq!(rows.len(), 1);
    let info = opened.db.info();
    assert_eq!((info.operations.operations, info.executing), (2, 0));
    Ok(())
}

/// Both ways of writing work give a future that a task may be made of.
pub(crate) async fn work_with_parameters_can_be_spawned() {
    let database = Postgres::shared();
    let db = open(&database.url(), &[]).await.db;
    let number = 41;
    let task = tokio::spawn(async move {
        let sql = "SELECT $1::int + 1";
        let work = async |client: Client<connreg_backends::Postgres>| {
            Ok::<i32, Error>(client.query_one(sql, &[&number]).await?.get(0))
        };
        let first = db.run(work).await?;
        let second = db
            .run_idempotent(|client| async move {
                Ok::<i32, Error>(client.query_one(sql, &[&number]).await?.get(0))
            })
            .await?;
        Ok::<_, Error>((first, second))
    });
    assert_eq!(task.await.unwrap().unwrap(), (42, 42));
}

pub(crate) async fn what_the_server_refuses_for_good_is_neither_repeated_nor_counted() {
    let database = Postgres::shared();
    let opened = open(&database.url(), &[]).await;
    for _ in 0..10 {
        let error = opened
            .db
            .run_idempotent(|client| async move { client.query("SELECT 1/0", &[]).await })
            .await
            .unwrap_err();
        assert_eq!(error.request_sent(), Sent::Yes, "{error}");
    }
    let info = opened.db.info();
    assert_eq!(info.circuit_breaker, BreakerState::Closed);
    assert_eq!((info.operations.failures, info.operations.retries), (10, 0));
}

pub(crate) async fn a_conflict_is_repeated_where_the_work_may_be() {
    let database = Postgres::shared();
    let opened = open(&database.url(), &[]).await;
    // What a server says to the loser of two transactions, who is to try again.
    let conflict = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$";
    let error = opened
        .db
        .run_idempotent(|client| async move { client.batch_execute(conflict).await })
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(opened.db.info().operations.retries, 2);
    let once = opened
        .db
        .run(|client| async move { client.batch_execute(conflict).await })
        .await;
    once.unwrap_err();
    assert_eq!(opened.db.info().operations.retries, 2);
}

pub(crate) async fn a_deadline_cuts_work_off_and_leaves_nothing_behind() {
    let database = Postgres::shared();
    let settings = [
        ("operation_timeout", "300ms"),
        ("circuit_breaker.enabled", "false"),
    ];
    let opened = open(&database.url(), &settings).await;
    // What is measured is the cut, not the time that a busy machine takes to connect.
    eventually("it opens", async || answer(&opened).await.is_ok()).await;
    let started = Instant::now();
    let error = opened
        .db
        .run(|client| async move { client.query("SELECT pg_sleep(30)", &[]).await })
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(opened.db.info().executing, 0);
    opened.all_free().await;
    eventually("the server has stopped it", async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND state = 'active' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()";
        let left = opened.client().await.query_one(sql, &[]).await;
        left.is_ok_and(|row| row.get::<_, i64>(0) == 0)
    })
    .await;
    eventually("it works", async || answer(&opened).await.is_ok()).await;
}

pub(crate) async fn an_outage_opens_the_breaker_and_its_end_closes_it() {
    let server = Postgres::start();
    let settings = [
        ("circuit_breaker.recovery_timeout", "300ms"),
        ("retry.enabled", "false"),
    ];
    let opened = open(&server.url(), &settings).await;
    assert_eq!(answer(&opened).await.unwrap(), 42);
    server.kill();
    eventually("the breaker opens", async || {
        let error = answer(&opened).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        opened.db.info().circuit_breaker == BreakerState::Open
    })
    .await;
    let rejections = opened.db.info().operations.rejections;
    let error = answer(&opened).await.unwrap_err();
    // On a slow machine it is half-open by now, and the answer is the server's own.
    if opened.db.info().operations.rejections > rejections {
        assert!(
            error.to_string().contains("opened the circuit breaker"),
            "{error}"
        );
        assert_eq!(
            (error.kind(), error.request_sent()),
            (ErrorKind::Refused, Sent::No)
        );
    }
    server.restart();
    eventually("the breaker closes", async || {
        let _ = answer(&opened).await;
        opened.db.info().circuit_breaker == BreakerState::Closed
    })
    .await;
    assert_eq!(answer(&opened).await.unwrap(), 42);
}

pub(crate) async fn idempotent_work_outlives_a_restart() {
    let server = Postgres::start();
    let opened = open(&server.url(), &[("circuit_breaker.enabled", "false")]).await;
    let patient = CallPolicy::new()
        .idempotent()
        .deadline(Duration::from_mins(1))
        .retry(RetrySettings {
            max_attempts: 100,
            max_delay: Duration::from_millis(500),
            ..RetrySettings::default()
        });
    server.kill();
    let work = opened.db.run_with(&patient, |client| async move {
        client.query_one("SELECT 42", &[]).await
    });
    let restart = async {
        eventually("it is tried again", async || {
            opened.db.info().operations.retries > 0
        })
        .await;
        server.restart();
    };
    let (row, ()) = tokio::join!(work, restart);
    assert_eq!(row.unwrap().get::<_, i32>(0), 42);
}
