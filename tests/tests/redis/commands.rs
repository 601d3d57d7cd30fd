//! Ordinary commands on the shared connection.

use std::collections::HashMap;
use std::time::Duration;

use connreg::ErrorKind;
use connreg_backends::redis::driver::{AsyncCommands as _, cmd, pipe};
use connreg_tests::Redis;

use super::{open, timed};

pub(crate) async fn ordinary_commands_work() {
    let server = Redis::start();
    let connection = open(&[("url", &server.url())]).await;
    let client = connection.client().await.unwrap();
    let mut redis = client.commands();

    let () = redis.set_ex("session", "Ada", 60).await.unwrap();
    assert_eq!(redis.get::<_, String>("session").await.unwrap(), "Ada");
    assert!((1..=60).contains(&redis.ttl::<_, i64>("session").await.unwrap()));
    let () = redis.hset("user", "name", "Ada").await.unwrap();
    let () = redis.hset("user", "age", 36).await.unwrap();
    let user: HashMap<String, String> = redis.hgetall("user").await.unwrap();
    assert_eq!((user["name"].as_str(), user["age"].as_str()), ("Ada", "36"));
    for job in ["a", "b"] {
        let () = redis.lpush("jobs", job).await.unwrap();
    }
    assert_eq!(redis.rpop::<_, String>("jobs", None).await.unwrap(), "a");
    assert_eq!(
        redis.get::<_, Option<String>>("absent").await.unwrap(),
        None
    );

    let mut both = pipe();
    both.incr("n", 1).ignore().incr("n", 1);
    assert_eq!(both.query_async::<(i64,)>(&mut redis).await.unwrap(), (2,));
    both.atomic();
    assert_eq!(both.query_async::<(i64,)>(&mut redis).await.unwrap(), (4,));

    let error = cmd("LPUSH")
        .arg("session")
        .arg("x")
        .exec_async(&mut redis)
        .await
        .unwrap_err();
    let error = client.error("push a job", error);
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(
        error
            .to_string()
            .starts_with("connection `cache`: push a job: "),
        "{error}"
    );
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    connection.check().await.unwrap();

    let sums: Vec<_> = (0..200)
        .map(|n| {
            let mut redis = client.commands();
            tokio::spawn(async move { redis.set::<_, _, ()>(n, n * 2).await.map(|()| n) })
        })
        .collect();
    for sum in sums {
        let n = sum.await.unwrap().unwrap();
        assert_eq!(redis.get::<_, i32>(n).await.unwrap(), n * 2);
    }
}

pub(crate) async fn what_cannot_share_a_connection_is_refused() {
    let server = Redis::start();
    let connection = open(&[("url", &server.url())]).await;
    let client = connection.client().await.unwrap();
    let mut redis = client.commands();
    for (name, arguments) in [
        ("BLPOP", &["jobs", "0"][..]),
        ("watch", &["key"]),
        ("MULTI", &[]),
        ("SELECT", &["1"]),
        ("SUBSCRIBE", &["news"]),
        ("CLIENT", &["REPLY", "OFF"]),
    ] {
        let error = cmd(name)
            .arg(arguments)
            .exec_async(&mut redis)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("client.acquire()"),
            "{name}: {error}"
        );
        let error = client.error("ask", error);
        assert_eq!(error.request_sent(), connreg::Sent::No);
    }
    let mut hidden = pipe();
    hidden.cmd("GET").arg("a").cmd("BLPOP").arg("a").arg(0);
    assert!(hidden.query_async::<()>(&mut redis).await.is_err());
    let () = redis.set("still", "works").await.unwrap();
}

pub(crate) async fn a_late_answer_is_waited_for() {
    // The driver's own limit is half a second.
    let server = Redis::start();
    let connection = open(&[("url", &server.url())]).await;
    let client = connection.client().await.unwrap();
    let mut redis = client.commands();
    let sleep =
        "local t = redis.call('TIME')[1] + 1 while redis.call('TIME')[1] - t < 1 do end return 7";
    let (answer, took) = timed(cmd("EVAL").arg(sleep).arg(0).query_async::<i64>(&mut redis)).await;
    assert_eq!(answer.unwrap(), 7);
    assert!(took > Duration::from_millis(600), "{took:?}");
}
