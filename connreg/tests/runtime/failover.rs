//! What a back end with several servers tells, and how long its callers wait.

use std::time::Duration;

use connreg::topology::{ReadFrom, Role, Sighting, Topology, TopologySettings};
use connreg::{Backend, ConnectError, Connections, Context, ErrorKind, EventKind, connection};
use tokio::time::{Instant, sleep, timeout};

/// Several servers that the test speaks for.
#[connection(type = "several", category = "test", crate = connreg)]
pub(crate) struct Several {}

pub(crate) struct Servers {
    topology: Topology,
    context: Context,
}

impl Backend for Several {
    type Client = Servers;

    async fn connect(&self, context: &Context) -> Result<Servers, ConnectError> {
        let settings = TopologySettings::default();
        Ok(Servers {
            topology: Topology::new(context, ["a:1", "b:1"], settings),
            context: context.clone(),
        })
    }

    async fn check(_client: &Servers) -> Result<(), ConnectError> {
        Ok(())
    }
}

async fn several() -> Connections {
    let none: [(&str, &str); 0] = [];
    let builder = Connections::builder().environment(none);
    builder.set("db.type", "several").load().await.unwrap()
}

fn is(role: Role) -> Sighting {
    Sighting::new(role, Duration::from_millis(1))
}

#[tokio::test(start_paused = true)]
async fn a_fail_over_is_told_and_counted_and_keeps_nothing_alive() {
    let connections = several().await;
    let db = connections.get::<Several>("db").unwrap();
    let client = db.client().await.unwrap().share();
    let mut events = connections.events();
    let topology = &client.topology;
    assert!(
        !topology.saw("a:1", is(Role::Primary)),
        "the first is no change"
    );
    topology.saw("b:1", is(Role::Replica));
    assert!(topology.write_refused("a:1"));
    assert!(topology.saw("b:1", is(Role::Primary)));
    let event = timeout(Duration::from_secs(1), events.recv()).await;
    match event.unwrap().unwrap().kind {
        EventKind::FailedOver { from, to } => {
            assert_eq!((from.as_deref(), &*to), (Some("a:1"), "b:1"));
        }
        other => panic!("told of {other:?}"),
    }
    assert_eq!(db.info().failovers, 1);
    assert_eq!(topology.primary().as_deref(), Some("b:1"));

    drop(db);
    connections.close().await;
    drop(connections);
    // The client outlives its connections, and what it tells goes nowhere.
    client.context.failed_over(Some("b:1"), "a:1");
    while let Ok(event) = events.recv().await {
        assert!(
            !matches!(event.kind, EventKind::FailedOver { .. }),
            "{event:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_for_the_primary_and_no_longer_than_failover_timeout() {
    let connections = several().await;
    let db = connections.get::<Several>("db").unwrap();
    let client = db.client().await.unwrap();
    let topology = client.topology.clone();
    topology.looked();
    let started = Instant::now();
    let error = topology.wait_for_primary().await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert_eq!(error.kind(), ErrorKind::Role);
    assert!(
        error.to_string().contains("a:1 (unknown), b:1 (unknown)"),
        "{error}"
    );

    let waiter = tokio::spawn({
        let topology = topology.clone();
        async move { (topology.wait_for_primary().await, Instant::now()) }
    });
    sleep(Duration::from_secs(1)).await;
    // While somebody waits, roles are looked at every 100 ms.
    topology.looked();
    let looked = Instant::now();
    topology.look_due().await;
    assert_eq!(looked.elapsed(), Duration::from_millis(100));
    topology.saw("b:1", is(Role::Primary));
    let found = Instant::now();
    let (primary, at) = waiter.await.unwrap();
    assert_eq!(primary.unwrap().as_ref(), "b:1");
    assert_eq!(at, found, "told at once");
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_has_roles_looked_at_at_once_though_nobody_was_to_look() {
    let connections = several().await;
    let db = connections.get::<Several>("db").unwrap();
    let client = db.client().await.unwrap();
    let topology = client.topology.clone();
    topology.saw("a:1", is(Role::Primary));
    // The change has been looked at often, for as long as that lasts.
    sleep(Duration::from_secs(31)).await;
    topology.looked();
    let due = tokio::spawn({
        let topology = topology.clone();
        async move {
            topology.look_due().await;
            Instant::now()
        }
    });
    sleep(Duration::from_secs(10)).await;
    assert!(!due.is_finished());
    let refused = Instant::now();
    assert!(topology.write_refused("a:1"));
    assert_eq!(due.await.unwrap() - refused, Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn reads_in_flight_are_counted_until_their_guards_go() {
    let connections = several().await;
    let db = connections.get::<Several>("db").unwrap();
    let client = db.client().await.unwrap();
    let topology = &client.topology;
    let none = topology.reader(ReadFrom::Replica).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Role);
    for server in ["a:1", "b:1"] {
        topology.saw(server, is(Role::Replica));
    }
    let first = topology.reader(ReadFrom::Replica).unwrap();
    for _ in 0..100 {
        let second = topology.reader(ReadFrom::Replica).unwrap();
        assert_ne!(
            second.endpoint(),
            first.endpoint(),
            "the one with less in flight"
        );
    }
    first.failed();
    let (banned, other) = (first.endpoint().to_string(), &first);
    assert!(topology.is_banned(&banned));
    let next = topology.reader(ReadFrom::Replica).unwrap();
    assert_ne!(next.endpoint(), other.endpoint());
    sleep(Duration::from_mins(1)).await;
    assert!(!topology.is_banned(&banned));
}
