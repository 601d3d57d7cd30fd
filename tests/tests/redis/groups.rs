//! Clusters, and groups that sentinels watch.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use connreg::capability::KeyValue;
use connreg::testing::key_value::conformance;
use connreg_backends::redis::driver::{AsyncCommands as _, RedisResult};
use connreg_tests::{RedisCluster, RedisSentinel};
use tokio::time::sleep;

use super::{client, load, open, places, timed};

pub(crate) async fn a_cluster_conforms() {
    let cluster = RedisCluster::start();
    let nodes = places(&cluster.nodes()[..1]);
    let connections = load(&[("mode", "cluster"), ("nodes", &nodes)])
        .await
        .unwrap();
    let store = connections.get_as::<dyn KeyValue>("cache").unwrap();
    conformance(store.client().await.unwrap().share()).await;
}

pub(crate) async fn a_cluster_takes_commands_and_leases() {
    let cluster = RedisCluster::start();
    let nodes = places(cluster.nodes());
    let connection = open(&[("mode", "cluster"), ("nodes", &nodes)]).await;
    let client = connection.client().await.unwrap();
    let mut redis = client.commands();
    for n in 0..100 {
        let () = redis.set(n, n).await.unwrap();
    }
    let all: Vec<i64> = redis.mget((0..100).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 100);

    let added = client.transaction(&["{tag}a"], async |lease, pipeline| {
        let a: Option<i64> = lease.get("{tag}a").await?;
        pipeline
            .set("{tag}a", a.unwrap_or(0) + 1)
            .ignore()
            .set("{tag}b", 1)
            .ignore()
            .get("{tag}a");
        RedisResult::Ok(())
    });
    let (a,): (i64,) = added.await.unwrap();
    assert_eq!(a, 1);
    let mut lease = client.acquire().await.unwrap();
    let () = redis.rpush("jobs", "paint").await.unwrap();
    let job: (String, String) = lease.blpop("jobs", 5.0).await.unwrap();
    assert_eq!(job.1, "paint");
    let mut news = client.subscribe(&["news"]).await.unwrap();
    let () = redis.publish("news", "hello").await.unwrap();
    assert!(news.next().await.is_some());
    connection.check().await.unwrap();
}

pub(crate) async fn a_cluster_node_that_dies_is_told_and_comes_back() {
    let cluster = RedisCluster::start();
    let nodes = places(cluster.nodes());
    let settings = [
        ("mode", "cluster"),
        ("nodes", &*nodes),
        ("socket_timeout", "1s"),
    ];
    let connection = open(&settings).await;
    let client = connection.client().await.unwrap();
    let mut redis = client.commands();
    for n in 0..30 {
        let () = redis.set(n, n).await.unwrap();
    }
    cluster.nodes()[0].kill();
    let mut failed = 0;
    for n in 0..30 {
        let (outcome, took) = timed(redis.get::<_, Option<i64>>(n)).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
        if let Err(error) = outcome {
            let error = client.error("get", error);
            assert!(error.is_transient(), "{error:?}");
            failed += 1;
        }
    }
    assert!(failed > 0, "no key was on the node that died");
    cluster.nodes()[0].restart();
    let restarted = Instant::now();
    for n in 0..30 {
        while redis.set::<_, _, ()>(n, n).await.is_err() {
            assert!(
                restarted.elapsed() < Duration::from_secs(30),
                "{n} never came back"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) async fn sentinels_lead_to_the_new_master() {
    let group = RedisSentinel::start();
    group.wait_for_primary(group.primary().port());
    let nodes = places(group.sentinels());
    let settings = [
        ("mode", "sentinel"),
        ("nodes", &*nodes),
        ("master_name", group.name()),
    ];
    let client = client(&settings).await;
    let mut redis = client.commands();
    let () = redis.set("a", 1).await.unwrap();

    group.primary().kill();
    let killed = Instant::now();
    while redis.set::<_, _, ()>("a", 2).await.is_err() {
        assert!(
            killed.elapsed() < Duration::from_mins(1),
            "writes never came back"
        );
        sleep(Duration::from_millis(20)).await;
    }
    let mut lease = client.acquire().await.unwrap();
    assert_eq!(lease.get::<_, i64>("a").await.unwrap(), 2);

    let wrong = [
        ("mode", "sentinel"),
        ("nodes", &*nodes),
        ("master_name", "nobody"),
    ];
    let error = open(&wrong).await.client().await.unwrap_err();
    assert!(
        error.to_string().contains("knows no group `nobody`"),
        "{error}"
    );
}
