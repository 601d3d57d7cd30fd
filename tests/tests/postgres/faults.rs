//! Servers that die, freeze or come back, futures that are dropped, and many tasks on few sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use connreg::{ErrorKind, Sent};
use connreg_tests::{Postgres, soak_time};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{eventually, open};

pub(crate) async fn a_killed_server_fails_fast_and_comes_back() {
    let server = Postgres::start();
    let opened = Arc::new(open(&server.url(), &[("pool_size", "4")]).await);
    let stop = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for task in 0..16 {
        let (opened, stop) = (Arc::clone(&opened), Arc::clone(&stop));
        load.spawn(async move {
            let mut failed = 0;
            while !stop.load(Ordering::Relaxed) {
                let client = opened.db.client().await.unwrap();
                match client.query_one("SELECT $1::int", &[&task]).await {
                    Ok(row) => assert_eq!(row.get::<_, i32>(0), task),
                    Err(error) => {
                        failed += 1;
                        assert!(
                            matches!(error.kind(), ErrorKind::Refused | ErrorKind::Timeout),
                            "{error}"
                        );
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            }
            failed
        });
    }
    let client = opened.client().await;
    client.query_one("SELECT 1", &[]).await.unwrap();
    let under_way = {
        let client = client.clone();
        tokio::spawn(async move {
            let error = client.query("SELECT pg_sleep(60)", &[]).await.unwrap_err();
            (error, Instant::now())
        })
    };
    eventually("the statement is under way", async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' \
                   AND state = 'active' AND pid <> pg_backend_pid()";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 1
    })
    .await;

    server.kill();
    let killed = Instant::now();
    let (error, failed_at) = under_way.await.unwrap();
    let after = failed_at.saturating_duration_since(killed);
    assert!(after < Duration::from_millis(500), "{after:?}");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(error.request_sent(), Sent::Unknown);
    let mut took = Vec::new();
    for _ in 0..21 {
        let started = Instant::now();
        let error = client.query_one("SELECT 1", &[]).await.unwrap_err();
        took.push(started.elapsed());
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        let port = format!("127.0.0.1:{}", server.port());
        let text = error.to_string();
        assert!(
            text.contains(&port) || text.contains("ended the connection"),
            "{text}"
        );
    }
    // Of the middle one, so that a busy machine does not count as a slow library.
    took.sort();
    assert!(took[10] < Duration::from_millis(100), "{took:?}");

    server.restart();
    let back = Instant::now();
    while client.query_one("SELECT 1", &[]).await.is_err() {}
    assert!(
        back.elapsed() < Duration::from_secs(5),
        "{:?}",
        back.elapsed()
    );
    for _ in 0..50 {
        client.query_one("SELECT 1", &[]).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let failed: u64 = load.join_all().await.into_iter().sum();
    assert!(failed > 0);
    opened.all_free().await;
    assert!(client.statistics().total <= 4);
}

pub(crate) async fn a_frozen_server_is_given_up_in_time() {
    let server = Postgres::start();
    let settings = [
        ("operation_timeout", "300ms"),
        ("pool_size", "2"),
        ("pool.acquire_timeout", "700ms"),
    ];
    let opened = open(&server.url(), &settings).await;
    let client = opened.client().await;
    client.query_one("SELECT 1", &[]).await.unwrap();
    server.freeze();
    let started = Instant::now();
    let error = client.query_one("SELECT 1", &[]).await.unwrap_err();
    let took = started.elapsed();
    assert!((250..1000).contains(&took.as_millis()), "{took:?}");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let started = Instant::now();
    let error = client.query_one("SELECT 1", &[]).await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    server.thaw();
    eventually("it is back", async || {
        client.query_one("SELECT 1", &[]).await.is_ok()
    })
    .await;
}

pub(crate) async fn an_ended_session_is_replaced() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "2")]).await;
    let client = opened.client().await;
    let mut lease = client.acquire().await.unwrap();
    let pid: i32 = lease
        .query_one("SELECT pg_backend_pid()", &[])
        .await
        .unwrap()
        .get(0);
    client
        .query("SELECT pg_terminate_backend($1)", &[&pid])
        .await
        .unwrap();
    let mut error = lease.query("SELECT 1", &[]).await;
    // The word of its end may come while the statement goes out.
    while error.is_ok() {
        error = lease.query("SELECT 1", &[]).await;
    }
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.to_string().contains("57P01"), "{error}");
    drop(lease);
    for _ in 0..10 {
        client.query_one("SELECT 1", &[]).await.unwrap();
    }
    // Ended while idle: nobody notices.
    let mut lease = client.acquire().await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    lease.query(sql, &[]).await.unwrap();
    // What is sent before the word of the end has come in is lost, once.
    eventually("the ended ones are replaced", async || {
        client.query_one("SELECT 1", &[]).await.is_ok()
    })
    .await;
    drop(lease);
    for _ in 0..10 {
        client.query_one("SELECT 1", &[]).await.unwrap();
    }
}

pub(crate) async fn dropped_futures_leak_no_slot_and_mix_no_answers() {
    let server = Postgres::shared();
    let opened = Arc::new(open(&server.url(), &[("pool_size", "5")]).await);
    let client = opened.client().await;
    client
        .batch_execute("CREATE TABLE t (task int, n int)")
        .await
        .unwrap();
    let until = Instant::now() + soak_time(Duration::from_secs(6));
    let answers = Arc::new(AtomicU64::new(0));
    let asked = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..24i32 {
        let (opened, answers) = (Arc::clone(&opened), Arc::clone(&answers));
        let asked = Arc::clone(&asked);
        tasks.spawn(async move {
            let mut random = fastrand::Rng::with_seed(u64::from(task.unsigned_abs()));
            let mut n = 0;
            // A busy machine takes longer for as many.
            while Instant::now() < until || asked.load(Ordering::Relaxed) < 1000 {
                asked.fetch_add(1, Ordering::Relaxed);
                n += 1;
                let client = opened.db.client().await.unwrap();
                // Most are given up at some point, some are not.
                let limit = match n % 8 {
                    0 => Duration::from_mins(1),
                    _ => Duration::from_micros(random.u64(0..5000)),
                };
                let expected = task * 1_000_000 + n;
                let work = async {
                    match n % 5 {
                        0 => {
                            let mut transaction = client.transaction().await?;
                            let sql = "INSERT INTO t VALUES ($1, $2)";
                            transaction.execute(sql, &[&task, &expected]).await?;
                            let sql = "SELECT n FROM t WHERE n = $1";
                            let row = transaction.query_one(sql, &[&expected]).await?;
                            transaction.rollback().await?;
                            Ok(row.get(0))
                        }
                        1 => {
                            let mut lease = client.acquire().await?;
                            lease
                                .batch_execute(&format!("SET connreg.n = '{expected}'"))
                                .await?;
                            let sql = "SELECT current_setting('connreg.n')::int";
                            Ok(lease.query_one(sql, &[]).await?.get(0))
                        }
                        2 => {
                            let sql = "SELECT $1::int FROM generate_series(1, 500)";
                            let mut rows = client.query_raw(sql, [expected]).await?;
                            let mut last = 0;
                            while let Some(row) = rows.next().await {
                                last = row?.get(0);
                            }
                            Ok(last)
                        }
                        _ => Ok(client
                            .query_one("SELECT $1::int", &[&expected])
                            .await?
                            .get(0)),
                    }
                };
                match timeout(limit, work).await {
                    Ok(Ok(answer)) => {
                        let answer: i32 = answer;
                        assert_eq!(answer, expected);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Err::<_, connreg::Error>(error)) => panic!("{error}"),
                    Err(_) => {}
                }
            }
        });
    }
    tasks.join_all().await;
    assert!(answers.load(Ordering::Relaxed) > 0);
    opened.all_free().await;
    // All of the slots are there, at the same time, with sessions that know nothing of the past.
    let mut leases = Vec::new();
    for _ in 0..5 {
        leases.push(client.acquire().await.unwrap());
    }
    for lease in &mut leases {
        let sql =
            "SELECT COALESCE(current_setting('connreg.n', true), ''), (SELECT count(*) FROM t)";
        let row = lease.query_one(sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("", 0));
    }
    assert_eq!(client.statistics().waiting, 0);
    drop(leases);
    eventually("no session is left over", async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) <= 5
    })
    .await;
}

pub(crate) async fn a_dropped_statement_is_cancelled() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("pool_size", "2")]).await;
    let client = opened.client().await;
    let running = async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND state = 'active' AND query LIKE '%pg_sleep(61)%' AND pid <> pg_backend_pid()";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    let statement = {
        let client = client.clone();
        tokio::spawn(async move { client.query("SELECT pg_sleep(61)", &[]).await })
    };
    eventually("it runs", async || running().await == 1).await;
    statement.abort();
    let started = Instant::now();
    eventually("it is cancelled", async || running().await == 0).await;
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    opened.all_free().await;
}

pub(crate) async fn many_tasks_share_few_sessions_fairly() {
    const TASKS: u32 = 256;
    let server = Postgres::shared();
    let opened = Arc::new(open(&server.url(), &[("pool_size", "10")]).await);
    // So much work and no more, taken by whoever gets a session: a slow machine only takes longer.
    let left = Arc::new(AtomicU64::new(u64::from(TASKS) * 60));
    let start = Arc::new(Barrier::new(TASKS as usize));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (opened, left, start) = (Arc::clone(&opened), Arc::clone(&left), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            let mut done = 0u32;
            let one_less = |left: u64| left.checked_sub(1);
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                .is_ok()
            {
                let client = opened.db.client().await.unwrap();
                if task % 2 == 0 {
                    client.query_one("SELECT $1::int", &[&1]).await.unwrap();
                } else {
                    let mut lease = client.acquire().await.unwrap();
                    lease.query_one("SELECT $1::int", &[&1]).await.unwrap();
                }
                done += 1;
            }
            f64::from(done)
        });
    }
    let done = tasks.join_all().await;
    let least = done.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(least > 0.0, "a task got nothing");
    let (sum, squares) = done.iter().fold((0.0, 0.0), |(s, q), d| (s + d, q + d * d));
    let jain = sum * sum / (f64::from(TASKS) * squares);
    assert!(jain >= 0.99, "Jain's index is {jain}");
    assert!(opened.client().await.statistics().total <= 10);
}

pub(crate) async fn an_exhausted_pool_says_so() {
    let server = Postgres::shared();
    let settings = [("pool_size", "1"), ("pool.acquire_timeout", "200ms")];
    let opened = open(&server.url(), &settings).await;
    let client = opened.client().await;
    let lease = client.acquire().await.unwrap();
    let started = Instant::now();
    let error = client.query("SELECT 1", &[]).await.unwrap_err();
    assert!(
        (190..1000).contains(&started.elapsed().as_millis()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(error.kind(), ErrorKind::Overloaded, "{error}");
    // The check does not wait for the pool.
    opened.db.check().await.unwrap();
    drop(lease);
    client.query("SELECT 1", &[]).await.unwrap();
}

pub(crate) async fn closing_ends_all_sessions() {
    let server = Postgres::shared();
    let opened = open(&server.url(), &[("application_name", "to be closed")]).await;
    let client = opened.client().await.clone();
    let leases = [
        client.acquire().await.unwrap(),
        client.acquire().await.unwrap(),
    ];
    drop(leases);
    let watcher = open(&server.url(), &[]).await;
    let watcher = watcher.client().await;
    let sessions = async || {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'to be closed'";
        watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    assert_eq!(sessions().await, 2);
    opened.connections.close().await;
    eventually("the sessions have ended", async || sessions().await == 0).await;
    let error = client.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
}
