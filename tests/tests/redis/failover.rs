//! A master that becomes a replica while its sockets stay healthy, and one that dies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use connreg::pool::CloseReason;
use connreg::{Connections, ErrorKind, EventKind, Sent};
use connreg_backends::redis::driver::{AsyncCommands as _, Client as Driver, cmd, pipe};
use connreg_tests::{Redis, RedisSentinel};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::time::{sleep, timeout};

use super::{Held, load, places};

/// An address that leads to one server, then to another; connections that are there stay where they are.
struct FloatingAddress {
    port: u16,
    target: watch::Sender<u16>,
    accepted: Arc<AtomicUsize>,
}

impl FloatingAddress {
    async fn to(server: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (target, told) = watch::channel(server.port());
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let to = SocketAddr::from(([127, 0, 0, 1], *told.borrow()));
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(to).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self {
            port,
            target,
            accepted,
        }
    }
}

/// All connections, for their events, and the client of the one.
async fn open(settings: &[(&str, &str)]) -> (Connections, Held) {
    let connections = load(settings).await.unwrap();
    let connection = connections.get::<connreg_backends::Redis>("cache").unwrap();
    let client = connection.client().await.unwrap().share();
    let held = Held {
        client,
        _connection: connection,
    };
    (connections, held)
}

fn retired(client: &Held) -> u64 {
    client.statistics().closed_by.of(CloseReason::Retired)
}

/// Has `server` follow `master`, or nobody, by a connection of the test's own.
async fn follow(server: &Redis, master: Option<&Redis>) {
    let words = master.map_or(["NO".to_owned(), "ONE".to_owned()], |master| {
        [master.host().to_owned(), master.port().to_string()]
    });
    let driver = Driver::open(server.url()).unwrap();
    let mut direct = driver.get_multiplexed_async_connection().await.unwrap();
    let mut command = cmd("REPLICAOF");
    let () = command
        .arg(&words[..])
        .query_async(&mut direct)
        .await
        .unwrap();
}

/// Waits until a sentinel names `server` as the master.
async fn is_named(sentinel: &Redis, group: &str, server: &Redis) -> Instant {
    let driver = Driver::open(sentinel.url()).unwrap();
    let mut direct = driver.get_multiplexed_async_connection().await.unwrap();
    let mut question = cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(group);
    let named = async {
        loop {
            let (_, port): (String, u16) = question.query_async(&mut direct).await.unwrap();
            if port == server.port() {
                return Instant::now();
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), named)
        .await
        .expect("nobody was promoted")
}

/// Writes until it works; gives when it did.
async fn writes_again(client: &Held) -> Instant {
    let mut redis = client.commands();
    let again = async {
        while redis.set::<_, _, ()>("a", 1).await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), again)
        .await
        .expect("writes never came back");
    Instant::now()
}

/// The next fail-over that listeners are told of.
async fn failed_over(events: &mut broadcast::Receiver<connreg::Event>) -> (Option<String>, String) {
    let next = async {
        loop {
            if let EventKind::FailedOver { from, to } = events.recv().await.unwrap().kind {
                return (from, to);
            }
        }
    };
    timeout(Duration::from_secs(5), next)
        .await
        .expect("nobody was told of the fail-over")
}

pub(crate) async fn a_demoted_master_behind_one_address_is_left_within_a_second() {
    let servers = [Redis::start(), Redis::start()];
    follow(&servers[1], Some(&servers[0])).await;
    let address = FloatingAddress::to(&servers[0]).await;
    let url = format!("redis://127.0.0.1:{}/", address.port);
    let (connections, client) = open(&[("url", &url)]).await;
    let mut events = connections.events();
    let mut redis = client.commands();
    let () = redis.set("a", 0).await.unwrap();
    let mut fastest = Duration::MAX;
    for round in 0..3 {
        let (old, new) = (&servers[round % 2], &servers[(round + 1) % 2]);
        drop(client.acquire().await.unwrap());
        let mut lease = client.acquire().await.unwrap();
        let before_retired = retired(&client);
        // The sockets stay, what is behind them changes.
        follow(new, None).await;
        follow(old, Some(new)).await;
        let error = client.error("set", redis.set::<_, _, ()>("a", 1).await.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Role, "{error:?}");
        assert_eq!(error.request_sent(), Sent::Yes);
        let refused = lease.set::<_, _, ()>("a", 1).await.unwrap_err();
        assert_eq!(client.error("set", refused).kind(), ErrorKind::Role);
        let mut pipeline = pipe();
        pipeline.atomic().get("a").set("a", 1);
        let refused = pipeline.exec_async(&mut lease).await.unwrap_err();
        assert_eq!(client.error("transaction", refused).kind(), ErrorKind::Role);

        // While the address leads nowhere better, many who write make one prober look every 100 ms.
        let before = address.accepted.load(Ordering::Relaxed);
        let since = Instant::now();
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..16)
            .map(|_| {
                let (mut redis, stop) = (client.commands(), Arc::clone(&stop));
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let _ = redis.set::<_, _, ()>("a", 1).await;
                        sleep(Duration::from_millis(1)).await;
                    }
                })
            })
            .collect();
        sleep(Duration::from_millis(500)).await;
        let tried = address.accepted.load(Ordering::Relaxed) - before;
        let most = usize::try_from(since.elapsed().as_millis() / 100).unwrap() + 3;
        assert!(
            (1..=most).contains(&tried),
            "{tried} connections in half a second"
        );
        let () = redis.get("a").await.expect("reads go on meanwhile");

        address.target.send_replace(new.port());
        let moved = Instant::now();
        fastest = fastest.min(writes_again(&client).await - moved);
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        let (from, to) = failed_over(&mut events).await;
        assert_eq!((from, to), (None, format!("127.0.0.1:{}", address.port)));
        drop(lease);
        let mut lease = client.acquire().await.unwrap();
        let () = lease.set("a", 1).await.expect("a lease to the new master");
        let closed = retired(&client) - before_retired;
        assert_eq!(closed, 1, "the old server's lease was retired");
    }
    assert!(
        fastest < Duration::from_secs(1),
        "writes came back after {fastest:?} at the best"
    );
    assert_eq!(connections.status().details[0].failovers, 3);
}

pub(crate) async fn a_sentinels_switch_brings_writers_back_within_a_second() {
    let mut took = Vec::new();
    // The best of three, so that a busy machine does not count as a slow library.
    for _ in 0..3 {
        let figure = Box::pin(a_sentinels_switch_brings_writers_back_once()).await;
        if figure < Duration::from_secs(1) {
            return;
        }
        took.push(figure);
    }
    panic!("writes came back after {took:?}");
}

/// How long writers took from the sentinel's word.
async fn a_sentinels_switch_brings_writers_back_once() -> Duration {
    let group = RedisSentinel::start();
    group.wait_for_primary(group.primary().port());
    let nodes = places(group.sentinels());
    let settings = [
        ("mode", "sentinel"),
        ("nodes", &*nodes),
        ("master_name", group.name()),
    ];
    let (connections, client) = open(&settings).await;
    let mut events = connections.events();
    let mut redis = client.commands();
    let () = redis.set("a", 0).await.unwrap();
    drop(client.acquire().await.unwrap());

    let (old, new) = (group.primary(), group.replica());
    let sentinel = Driver::open(group.sentinels()[0].url()).unwrap();
    let mut sentinel = sentinel.get_multiplexed_async_connection().await.unwrap();
    let mut switch = cmd("SENTINEL");
    let () = switch
        .arg("FAILOVER")
        .arg(group.name())
        .query_async(&mut sentinel)
        .await
        .unwrap();
    let named = is_named(&group.sentinels()[0], group.name(), new).await;
    // The old one may take some more, until it is told; those writes are lost.
    let mut count = 0;
    let again = loop {
        count += 1;
        let written = redis.set::<_, _, ()>("count", count).await;
        let seen = async {
            let driver = Driver::open(new.url())?;
            let mut direct = driver.get_multiplexed_async_connection().await?;
            direct.get::<_, Option<i64>>("count").await
        };
        if written.is_ok() && seen.await.is_ok_and(|seen| seen == Some(count)) {
            break Instant::now();
        }
        assert!(
            named.elapsed() < Duration::from_secs(30),
            "writes never came back"
        );
        sleep(Duration::from_millis(5)).await;
    };
    let took = again.saturating_duration_since(named);
    let (from, to) = failed_over(&mut events).await;
    assert_eq!(from, Some(places([old])));
    assert_eq!(to, places([new]));
    let mut lease = client.acquire().await.unwrap();
    let () = lease.set("b", 1).await.expect("a lease to the new master");
    took
}
