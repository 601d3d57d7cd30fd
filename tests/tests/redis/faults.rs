//! A server that is killed, frozen, demoted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connreg::{ErrorKind, Sent};
use connreg_backends::redis::driver::{AsyncCommands as _, cmd};
use connreg_tests::Redis;
use tokio::time::{sleep, timeout};

use super::{client, open, timed};

pub(crate) async fn a_killed_server_fails_fast_and_comes_back() {
    let server = Redis::start();
    let connection = open(&[("url", &server.url())]).await;
    let client = connection.client().await.unwrap().share();
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..32)
        .map(|n| {
            let (client, stop) = (client.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut redis = client.commands();
                let mut slowest = Duration::ZERO;
                let mut failed = 0;
                while !stop.load(Ordering::Relaxed) {
                    let (outcome, took) = timed(redis.set::<_, _, ()>(n, 1)).await;
                    slowest = slowest.max(took);
                    if outcome.is_err() {
                        failed += 1;
                        sleep(Duration::from_millis(1)).await;
                    }
                }
                (slowest, failed)
            })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    // Lies idle in the pool while the server dies.
    drop(client.acquire().await.unwrap());
    let mut blocked = client.acquire().await.unwrap();
    let blocked = tokio::spawn(async move { blocked.blpop::<_, ()>("nothing", 0.0).await });
    sleep(Duration::from_millis(20)).await;
    server.kill();
    let (ended, took) = timed(blocked).await;
    let error = client.error("wait", ended.unwrap().unwrap_err());
    assert_eq!(error.request_sent(), Sent::Unknown, "{error:?}");
    assert!(
        took < Duration::from_secs(5),
        "work in flight failed after {took:?}"
    );
    sleep(Duration::from_millis(50)).await;

    let mut redis = client.commands();
    let (outcome, took) = timed(redis.get::<_, Option<i64>>("a")).await;
    let error = client.error("get", outcome.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert_eq!(error.request_sent(), Sent::No);
    assert!(error.is_transient());
    assert!(
        error.to_string().contains(&server.port().to_string()),
        "{error}"
    );
    assert!(
        took < Duration::from_secs(5),
        "known to be down, and yet {took:?}"
    );
    let (outcome, took) = timed(client.acquire()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(connection.check().await.is_err());

    server.restart();
    let restarted = Instant::now();
    while redis.get::<_, Option<i64>>("a").await.is_err() {
        sleep(Duration::from_millis(5)).await;
    }
    let back = restarted.elapsed();
    assert!(back < Duration::from_secs(2), "back only after {back:?}");
    // The pool's prober finds it, too, after one pause at the most.
    let mut lease = loop {
        match client.acquire().await {
            Ok(lease) => break lease,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Refused, "{error}"),
        }
        let back = restarted.elapsed();
        assert!(back < Duration::from_secs(10), "back only after {back:?}");
        sleep(Duration::from_millis(5)).await;
    };
    cmd("PING").exec_async(&mut lease).await.unwrap();
    connection.check().await.unwrap();
    stop.store(true, Ordering::Relaxed);
    for task in load {
        let (slowest, failed) = task.await.unwrap();
        assert!(failed > 0, "the kill went unseen");
        assert!(slowest < Duration::from_secs(1), "a call took {slowest:?}");
    }
}

pub(crate) async fn a_frozen_server_keeps_the_deadline() {
    let server = Redis::start();
    let settings = [("url", &*server.url()), ("socket_timeout", "200ms")];
    let client = client(&settings).await;
    let mut lease = client.acquire().await.unwrap();
    cmd("PING").exec_async(&mut lease).await.unwrap();
    server.freeze();
    let mut redis = client.commands();
    let ping = cmd("PING");
    let ((shared, first), (leased, second)) = tokio::join!(
        timed(redis.get::<_, Option<i64>>("a")),
        timed(ping.exec_async(&mut lease)),
    );
    for (error, took) in [
        (shared.map(drop).unwrap_err(), first),
        (leased.unwrap_err(), second),
    ] {
        let error = client.error("ask", error);
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
        assert_eq!(error.request_sent(), Sent::Unknown);
        assert!((150..5_000).contains(&took.as_millis()), "{took:?}");
    }
    server.thaw();
    let () = redis.set("a", 1).await.unwrap();
    drop(lease);
    cmd("PING")
        .exec_async(&mut client.acquire().await.unwrap())
        .await
        .unwrap();
}

pub(crate) async fn a_replica_refuses_writes_by_role() {
    let (primary, replica) = (Redis::start(), Redis::start());
    let client = client(&[("url", &replica.url())]).await;
    let mut redis = client.commands();
    let of = |words: [String; 2]| cmd("REPLICAOF").arg(&words[..]).clone();
    let primary_at = [primary.host().to_owned(), primary.port().to_string()];
    of(primary_at).exec_async(&mut redis).await.unwrap();
    let error = client.error("set", redis.set::<_, _, ()>("a", 1).await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Role, "{error:?}");
    assert!(error.is_transient());
    of(["NO".into(), "ONE".into()])
        .exec_async(&mut redis)
        .await
        .unwrap();
    let () = redis.set("a", 1).await.unwrap();
}

pub(crate) async fn an_idle_connection_that_ended_is_replaced_unseen() {
    let server = Redis::start();
    let client = client(&[("url", &server.url())]).await;
    let mut redis = client.commands();
    let first: i64 = cmd("CLIENT")
        .arg("ID")
        .query_async(&mut redis)
        .await
        .unwrap();
    let mut lease = client.acquire().await.unwrap();
    let mut end = cmd("CLIENT");
    end.arg("KILL").arg("ID").arg(first);
    end.exec_async(&mut lease).await.unwrap();
    let replaced = async {
        loop {
            match cmd("CLIENT").arg("ID").query_async::<i64>(&mut redis).await {
                Ok(id) if id != first => break,
                // Only in the moment before the end is noticed.
                Ok(_) | Err(_) => sleep(Duration::from_millis(1)).await,
            }
        }
    };
    timeout(Duration::from_secs(2), replaced)
        .await
        .expect("the connection was not replaced");
}
