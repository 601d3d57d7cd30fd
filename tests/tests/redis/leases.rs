//! Exclusive connections: blocking commands, `WATCH`, and requests that are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use connreg::ErrorKind;
use connreg_backends::redis::Client;
use connreg_backends::redis::driver::{AsyncCommands as _, RedisResult, cmd};
use connreg_tests::{Redis, RedisOptions, soak_time};
use tokio::time::{sleep, timeout};

use super::{client, open, timed};

/// Waits until no connection is lent out, which a leaked one would never let happen.
async fn all_are_back(client: &Client) {
    let back = async {
        while client.statistics().active > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), back)
        .await
        .expect("a connection never came back");
}

pub(crate) async fn a_lease_blocks_for_itself_alone() {
    let server = Redis::start();
    let settings = [("url", &*server.url()), ("socket_timeout", "300ms")];
    let client = client(&settings).await;
    let waiter = client.acquire().await.unwrap();
    // Longer than `socket_timeout`, and without end.
    let popped = tokio::spawn(async move {
        let mut lease = waiter;
        let nothing: Option<(String, String)> = lease.blpop("jobs", 0.6).await?;
        assert_eq!(nothing, None);
        lease.blpop::<_, (String, String)>("jobs", 0.0).await
    });
    sleep(Duration::from_millis(700)).await;
    let () = client.commands().rpush("jobs", "paint").await.unwrap();
    assert_eq!(
        popped.await.unwrap().unwrap(),
        ("jobs".into(), "paint".into())
    );
    all_are_back(&client).await;
    assert_eq!(
        client.statistics().closed,
        0,
        "a lease that was used well was closed"
    );
}

pub(crate) async fn a_transaction_sees_changes_by_others() {
    let server = Redis::start();
    let connection = open(&[("url", &server.url())]).await;
    let client = connection.client().await.unwrap().share();
    let () = client.commands().set("balance", 0).await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let deposit = client.transaction(&["balance"], async |lease, pipeline| {
                    let balance: i64 = lease.get("balance").await?;
                    pipeline.set("balance", balance + 1).ignore().get("balance");
                    RedisResult::Ok(())
                });
                deposit.await.map(|(balance,): (i64,)| balance)
            })
        })
        .collect();
    let mut balances = Vec::new();
    for task in tasks {
        balances.push(task.await.unwrap().unwrap());
    }
    balances.sort_unstable();
    assert_eq!(balances, (1..=8).collect::<Vec<_>>());
    all_are_back(&client).await;
}

pub(crate) async fn a_lease_left_in_another_state_is_closed() {
    let server = Redis::start();
    let settings = [("url", &*server.url()), ("pool.max_size", "1")];
    let client = client(&settings).await;
    let () = client.commands().set("where", "here").await.unwrap();
    let states: [&[&[&str]]; 4] = [
        &[&["SELECT", "1"]],
        &[&["WATCH", "where"]],
        &[&["MULTI"]],
        &[&["CLIENT", "TRACKING", "ON"]],
    ];
    for state in states {
        let mut lease = client.acquire().await.unwrap();
        for words in state {
            cmd(words[0])
                .arg(&words[1..])
                .exec_async(&mut lease)
                .await
                .unwrap();
        }
        drop(lease);
        let mut lease = client.acquire().await.unwrap();
        assert_eq!(
            lease.get::<_, String>("where").await.unwrap(),
            "here",
            "after {state:?}"
        );
    }
    let closed = client.statistics().closed;
    let mut lease = client.acquire().await.unwrap();
    cmd("WATCH")
        .arg("where")
        .exec_async(&mut lease)
        .await
        .unwrap();
    cmd("UNWATCH").exec_async(&mut lease).await.unwrap();
    drop(lease);
    drop(client.acquire().await.unwrap());
    assert_eq!(
        client.statistics().closed,
        closed,
        "one that was put back in order was closed"
    );
}

pub(crate) async fn dropped_requests_never_mix_answers() {
    let server = Redis::start();
    let settings = [("url", &*server.url()), ("pool.max_size", "4")];
    let client = client(&settings).await;
    let until = Instant::now() + soak_time(Duration::from_secs(3));
    let given_up = Arc::<AtomicU64>::default();
    let tasks: Vec<_> = (0..16_u64)
        .map(|task| {
            let (client, given_up) = (client.clone(), Arc::clone(&given_up));
            tokio::spawn(async move {
                let mut random = fastrand::Rng::with_seed(task);
                let mut n = 0;
                while Instant::now() < until || given_up.load(Ordering::Relaxed) <= 100 {
                    n += 1;
                    let word = format!("{task}/{n}");
                    let patience = Duration::from_micros(random.u64(0..1_500));
                    let echo = async {
                        let mut lease = client.acquire().await.unwrap();
                        cmd("ECHO")
                            .arg(&word)
                            .query_async::<String>(&mut lease)
                            .await
                            .unwrap()
                    };
                    match timeout(patience, echo).await {
                        Ok(answer) => assert_eq!(answer, word, "another's answer"),
                        Err(_) => _ = given_up.fetch_add(1, Ordering::Relaxed),
                    }
                    let mut shared = client.commands();
                    let echo = cmd("ECHO").arg(&word).clone();
                    match timeout(patience, echo.query_async::<String>(&mut shared)).await {
                        Ok(answer) => assert_eq!(answer.unwrap(), word, "another's answer"),
                        Err(_) => _ = given_up.fetch_add(1, Ordering::Relaxed),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    all_are_back(&client).await;
    let statistics = client.statistics();
    assert_eq!(
        statistics.created - statistics.closed,
        u64::from(statistics.total)
    );

    // A lease whose request was dropped serves nobody any more, its holder included.
    let mut lease = client.acquire().await.unwrap();
    assert!(
        timeout(Duration::from_millis(20), lease.blpop::<_, ()>("jobs", 0.0))
            .await
            .is_err()
    );
    let error = client.error(
        "echo",
        cmd("ECHO").arg(1).exec_async(&mut lease).await.unwrap_err(),
    );
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    drop(lease);
    // The connection is closed in a task of its own; the server has to hear of it.
    let nobody_waits = async {
        loop {
            let info: String = cmd("INFO")
                .arg("clients")
                .query_async(&mut client.commands())
                .await
                .unwrap();
            if info.contains("blocked_clients:0") {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    let heard = timeout(Duration::from_secs(10), nobody_waits).await;
    heard.expect("the dropped BLPOP still waits");
    let () = client.commands().rpush("jobs", "paint").await.unwrap();
    let (length, _) = timed(client.commands().llen::<_, u64>("jobs")).await;
    assert_eq!(length.unwrap(), 1, "a dropped BLPOP took an element");
}

pub(crate) async fn a_full_server_is_overloaded() {
    let server = RedisOptions::default().setting("maxclients", "3").start();
    let settings = [("url", &*server.url()), ("pool.acquire_timeout", "500ms")];
    let client = client(&settings).await;
    let mut held = Vec::new();
    let error = loop {
        match client.acquire().await {
            Ok(lease) => held.push(lease),
            Err(error) => break error,
        }
    };
    assert!(!held.is_empty());
    assert_eq!(error.kind(), ErrorKind::Overloaded, "{error:?}");
    drop(held);
    drop(client.acquire().await.unwrap());
}
