//! Reads that go to replicas.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use connreg::ErrorKind;
use connreg_backends::redis::driver::{AsyncCommands as _, Client as Driver, cmd};
use connreg_backends::redis::{Commands, ReadYourWrites};
use connreg_tests::{Redis, RedisCluster, RedisSentinel};
use tokio::time::sleep;

use super::{client, open, places};

/// The port of the server that answers a read.
async fn asked(reader: &mut Commands) -> Option<u16> {
    let mut question = cmd("CONFIG");
    question.arg("GET").arg("port");
    let told: BTreeMap<String, u16> = question.query_async(reader).await.ok()?;
    told.get("port").copied()
}

/// Which of `servers` answer a hundred reads, and how many each.
async fn spread(reader: &mut Commands) -> BTreeMap<u16, usize> {
    let mut spread = BTreeMap::new();
    for _ in 0..100 {
        let port = asked(reader).await.expect("no read fails");
        *spread.entry(port).or_default() += 1;
    }
    spread
}

async fn direct(server: &Redis, words: &[&str]) {
    let driver = Driver::open(server.url()).unwrap();
    let mut direct = driver.get_multiplexed_async_connection().await.unwrap();
    let (name, arguments) = words.split_first().unwrap();
    let mut command = cmd(name);
    let () = command
        .arg(arguments)
        .query_async(&mut direct)
        .await
        .unwrap();
}

fn ports<'a>(servers: impl IntoIterator<Item = &'a Redis>) -> Vec<u16> {
    let mut ports: Vec<u16> = servers.into_iter().map(Redis::port).collect();
    ports.sort_unstable();
    ports
}

pub(crate) async fn reads_go_to_replicas_and_elsewhere_when_one_dies() {
    let group = RedisSentinel::with_replicas(2);
    let nodes = places(group.sentinels());
    let mut settings = vec![
        ("mode", "sentinel"),
        ("nodes", &*nodes),
        ("master_name", group.name()),
    ];
    // Unless it was asked for, reads go where writes go.
    let plain = client(&settings).await;
    assert_eq!(asked(&mut plain.read()).await, Some(group.primary().port()));

    settings.push(("read_from", "prefer_replica"));
    let replicas = ports(group.replicas());
    let mut tries = 0;
    let client = loop {
        tries += 1;
        let client = client(&settings).await;
        let by_port = spread(&mut client.read()).await;
        assert!(
            by_port.keys().all(|port| replicas.contains(port)),
            "{by_port:?}"
        );
        if by_port.len() == 2 && by_port.values().all(|count| *count > 10) {
            break client;
        }
        // One may have been slow to answer the first look on a busy machine.
        assert!(tries < 5, "one is never asked: {by_port:?}");
    };
    let mut reader = client.read();

    // What was written is read, however far replicas are behind.
    let user: ReadYourWrites = client.read_your_writes();
    let port = asked(&mut user.read()).await.expect("it is read");
    assert!(replicas.contains(&port), "{port}");
    let () = user.commands().set("a", 1).await.unwrap();
    for _ in 0..20 {
        assert_eq!(asked(&mut user.read()).await, Some(group.primary().port()));
    }
    let refused = reader.set::<_, _, ()>("a", 1).await.unwrap_err();
    assert_eq!(client.error("set", refused).kind(), ErrorKind::Role);
    sleep(Duration::from_secs(2)).await;
    let port = asked(&mut user.read()).await.expect("it is read");
    assert!(replicas.contains(&port), "{port}");

    // No read fails of those that begin when it is dead: it is left for the other, for a minute.
    let dead = &group.replicas()[0];
    dead.kill();
    let by_port = spread(&mut reader).await;
    let other = group.replicas()[1].port();
    assert_eq!(by_port.keys().copied().collect::<Vec<_>>(), [other]);
    dead.restart();
    sleep(Duration::from_secs(1)).await;
    let by_port = spread(&mut reader).await;
    assert_eq!(
        by_port.keys().copied().collect::<Vec<_>>(),
        [other],
        "banned"
    );

    // All replicas dead: the master, since the mode allows it.
    dead.kill();
    group.replicas()[1].kill();
    let by_port = spread(&mut reader).await;
    assert_eq!(
        by_port.keys().copied().collect::<Vec<_>>(),
        [group.primary().port()]
    );
}

pub(crate) async fn a_replica_that_lags_is_not_read_from() {
    let group = RedisSentinel::with_replicas(2);
    let nodes = places(group.sentinels());
    let settings = [
        ("mode", "sentinel"),
        ("nodes", &*nodes),
        ("master_name", group.name()),
        ("read_from", "replica"),
        ("max_replica_lag", "1s"),
    ];
    let (behind, other) = (&group.replicas()[0], &group.replicas()[1]);
    let state = || async {
        let driver = Driver::open(behind.url()).unwrap();
        let mut direct = driver.get_multiplexed_async_connection().await.unwrap();
        let mut info = cmd("INFO");
        let told: String = info
            .arg("replication")
            .query_async(&mut direct)
            .await
            .unwrap();
        told
    };
    let is_behind = |told: &str| {
        let mut lines = told.lines();
        let down = lines.find_map(|line| line.strip_prefix("master_link_down_since_seconds:"));
        down.and_then(|down| down.trim().parse::<i64>().ok())
            .is_some_and(|down| !(0..2).contains(&down))
    };
    let mut tries = 0;
    let client = loop {
        tries += 1;
        // It follows somebody who is not there; sentinels need some seconds to put that right.
        direct(behind, &["REPLICAOF", "127.0.0.1", "1"]).await;
        let since = Instant::now();
        while !is_behind(&state().await) {
            assert!(since.elapsed() < Duration::from_secs(10), "it never lagged");
            sleep(Duration::from_millis(20)).await;
        }
        let client = client(&settings).await;
        let by_port = spread(&mut client.read()).await;
        // Unless they were quicker than the reads.
        if is_behind(&state().await) {
            assert_eq!(by_port.keys().copied().collect::<Vec<_>>(), [other.port()]);
            break client;
        }
        assert!(tries < 5, "it is put right each time: {by_port:?}");
    };
    // With that one gone, all are banned: the list is cleared, and the one behind is better than none.
    other.kill();
    let by_port = spread(&mut client.read()).await;
    assert_eq!(by_port.keys().copied().collect::<Vec<_>>(), [behind.port()]);
}

pub(crate) async fn a_cluster_is_read_from_its_replicas() {
    let cluster = RedisCluster::with_replicas();
    let nodes = places(&cluster.nodes()[..3]);
    let settings = [
        ("mode", "cluster"),
        ("nodes", &*nodes),
        ("read_from", "prefer_replica"),
    ];
    let client = client(&settings).await;
    let mut redis = client.commands();
    for n in 0..30 {
        let () = redis.set(n, n).await.unwrap();
    }
    // How often each node was asked for keys.
    let hits = || async {
        let mut hits = Vec::new();
        for node in cluster.nodes() {
            let driver = Driver::open(node.url()).unwrap();
            let mut direct = driver.get_multiplexed_async_connection().await.unwrap();
            let mut info = cmd("INFO");
            let told: String = info.arg("stats").query_async(&mut direct).await.unwrap();
            let mut lines = told.lines();
            let hit = lines
                .find_map(|line| line.strip_prefix("keyspace_hits:"))
                .unwrap();
            hits.push(hit.trim().parse::<u64>().unwrap());
        }
        hits
    };
    let before = hits().await;
    let mut reader = client.read();
    let since = Instant::now();
    for n in 0..30 {
        // Replication takes its moment.
        while reader.get::<_, Option<i64>>(n).await.unwrap() != Some(n) {
            assert!(since.elapsed() < Duration::from_secs(10), "{n} never came");
            sleep(Duration::from_millis(5)).await;
        }
    }
    let after = hits().await;
    let by_node: Vec<u64> = after
        .iter()
        .zip(&before)
        .map(|(after, before)| after - before)
        .collect();
    assert_eq!(
        by_node[..3],
        [0, 0, 0],
        "masters were read from: {by_node:?}"
    );
    assert_eq!(by_node[3..].iter().sum::<u64>(), 30, "{by_node:?}");
    // Ordinary commands go on to ask the masters.
    let _: i64 = redis.get(0).await.unwrap();
    let masters: u64 = hits().await[..3].iter().sum();
    assert_eq!(masters, before[..3].iter().sum::<u64>() + 1);
    let user = client.read_your_writes();
    let () = user.commands().set("mine", 1).await.unwrap();
    assert_eq!(user.read().get::<_, i64>("mine").await.unwrap(), 1);
}

fn tls_places(servers: &[Redis]) -> String {
    let places: Vec<_> = servers
        .iter()
        .map(|server| format!("127.0.0.1:{}", server.tls_port()))
        .collect();
    places.join(", ")
}

pub(crate) async fn sentinels_and_their_servers_speak_tls() {
    let group = RedisSentinel::with_tls();
    let nodes = tls_places(group.sentinels());
    let ca = group.primary().certificates().ca_file();
    let ca = ca.display().to_string();
    let mut settings = vec![
        ("mode", "sentinel"),
        ("nodes", &*nodes),
        ("master_name", group.name()),
        ("read_from", "replica"),
        ("ssl", "true"),
    ];
    let error = open(&settings).await.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    settings.push(("ssl_ca", &*ca));
    let client = client(&settings).await;
    let () = client.commands().set("a", 1).await.unwrap();
    let mut lease = client.acquire().await.unwrap();
    assert_eq!(lease.get::<_, i64>("a").await.unwrap(), 1);
    assert_eq!(
        asked(&mut client.read()).await,
        Some(group.replica().port())
    );

    group.primary().kill();
    let killed = Instant::now();
    let mut redis = client.commands();
    while redis.set::<_, _, ()>("a", 2).await.is_err() {
        assert!(
            killed.elapsed() < Duration::from_secs(30),
            "writes never came back"
        );
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(asked(&mut redis).await, Some(group.replica().port()));
}

pub(crate) async fn a_cluster_speaks_tls() {
    let cluster = RedisCluster::with_tls();
    // What the driver tells of a cluster is told as it is of a server.
    for node in cluster.nodes() {
        direct(node, &["CONFIG", "SET", "requirepass", "right"]).await;
    }
    let nodes = tls_places(cluster.nodes());
    let ca = cluster.nodes()[0].certificates().ca_file();
    let ca = ca.display().to_string();
    let mut settings = vec![("mode", "cluster"), ("nodes", &*nodes), ("ssl", "true")];
    let error = open(&settings).await.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    settings.push(("ssl_ca", &*ca));
    for password in [None, Some("wrong")] {
        let mut settings = settings.clone();
        settings.extend(password.map(|password| ("password", password)));
        let error = open(&settings).await.client().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    }
    settings.push(("password", "right"));
    let client = client(&settings).await;
    let mut redis = client.commands();
    for n in 0..30 {
        let () = redis.set(n, n).await.unwrap();
        assert_eq!(redis.get::<_, i64>(n).await.unwrap(), n);
    }
    let mut lease = client.acquire().await.unwrap();
    assert_eq!(lease.get::<_, i64>(7).await.unwrap(), 7);
}
