//! The health monitor, on paused time: what it asks, when, and what it brings back.

use std::time::Duration;

use connreg::{ConnectError, ErrorKind, EventKind, HealthStatus, State};
use tokio::time::{Instant, sleep, timeout};

use crate::scripted::{Behaviour, Call, Scripted, faults_of, load, one};

const LONG: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn open_connections_are_checked_and_none_is_opened() {
    let (connections, open) = one("monitored", &[]).await;
    let unopened = [("idle.type", "scripted"), ("idle.script", "idle")];
    let others = load(&unopened).await;
    let handle = connections.get::<Scripted>("monitored").unwrap();
    assert_eq!(handle.health().status, HealthStatus::Unknown);
    handle.client().await.unwrap();
    assert_eq!(handle.health().status, HealthStatus::Up);
    sleep(Duration::from_mins(5)).await;
    let checks = open.calls(Call::Check);
    // Every 30 s, give or take a tenth.
    assert!((9..=11).contains(&checks), "{checks}");
    assert_eq!(faults_of("idle").calls(Call::Open), 0);
    assert_eq!(
        others.health().status,
        HealthStatus::Up,
        "nothing speaks against it"
    );
    let health = handle.health();
    assert!(health.age.unwrap() <= Duration::from_secs(33), "{health:?}");
    assert!(health.checked_at.is_some() && health.latency.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_word_that_is_too_old_counts_for_nothing() {
    let builder = connreg::Connections::builder().environment([("", ""); 0]);
    let builder = builder.set("old.type", "scripted").set("old.script", "old");
    // Only read, so that no monitor looks after it.
    let connections = builder.read().await.unwrap();
    let handle = connections.get::<Scripted>("old").unwrap();
    handle.client().await.unwrap();
    assert_eq!(handle.health().status, HealthStatus::Up);
    sleep(Duration::from_mins(2)).await;
    assert_eq!(handle.health().status, HealthStatus::Unknown);
    assert_eq!(
        connections.check().await.connections[0].status,
        HealthStatus::Up
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_not_to_be_checked_is_not() {
    let (connections, script) = one("unmonitored", &[("health_check.enabled", "false")]).await;
    let handle = connections.get::<Scripted>("unmonitored").unwrap();
    handle.client().await.unwrap();
    sleep(LONG).await;
    assert_eq!(script.calls(Call::Check), 0);
    assert_eq!(handle.health().status, HealthStatus::Up);
    // Who asks is answered all the same.
    connections.check().await;
    assert_eq!(script.calls(Call::Check), 1);
}

#[tokio::test(start_paused = true)]
async fn three_failures_make_it_down_and_it_is_brought_back_with_growing_delays() {
    let (connections, script) = one("outage", &[]).await;
    let handle = connections.get::<Scripted>("outage").unwrap();
    handle.client().await.unwrap();
    let mut events = connections.events();
    script.set_all(Behaviour::refuse());
    let mut states = handle.watch();
    sleep(Duration::from_secs(40)).await;
    let health = handle.health();
    assert_eq!(
        (health.status, health.failed_checks),
        (HealthStatus::Degraded, 1)
    );
    assert_eq!(connections.health().status, HealthStatus::Degraded);
    let down = states.wait_for(|state| *state == State::Unhealthy);
    timeout(LONG, down).await.unwrap().unwrap();
    let health = handle.health();
    assert_eq!(
        (health.status, health.failed_checks),
        (HealthStatus::Down, 3)
    );
    assert_eq!(health.last_error.unwrap().kind(), ErrorKind::Refused);
    assert_eq!(connections.health().status, HealthStatus::Down);
    let down = Instant::now();
    let mut attempts = Vec::new();
    while down.elapsed() < Duration::from_mins(10) {
        let Ok(event) = timeout(Duration::from_mins(1), events.recv()).await else {
            break;
        };
        if let EventKind::Reconnecting { attempt, delay } = event.unwrap().kind {
            let doubled = 100_u64.saturating_mul(1 << (attempt - 1).min(20));
            let ceiling = Duration::from_millis(doubled.min(30_000));
            assert!(delay <= ceiling, "attempt {attempt} after {delay:?}");
            attempts.push(attempt);
        }
    }
    assert!(
        (30..200).contains(&attempts.len()),
        "without end, and no storm: {attempts:?}"
    );
    assert!(
        attempts
            .iter()
            .copied()
            .eq(1..=attempts[attempts.len() - 1]),
        "{attempts:?}"
    );

    script.set_all(Behaviour::work());
    let back = states.wait_for(|state| *state == State::Connected);
    timeout(Duration::from_secs(31), back)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(handle.health().status, HealthStatus::Up);
    assert_eq!(
        script.calls(Call::Close),
        0,
        "the old client came back by itself"
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_holds_up_no_other() {
    let settings = [
        ("stuck.type", "scripted"),
        ("stuck.script", "health_stuck"),
        ("stuck.health_check.timeout", "10min"),
        ("free.type", "scripted"),
        ("free.script", "health_free"),
    ];
    let connections = load(&settings).await;
    connections.start().await.unwrap();
    faults_of("health_stuck").set_all(Behaviour::hang());
    sleep(Duration::from_mins(5)).await;
    assert_eq!(faults_of("health_stuck").calls(Call::Check), 1);
    let checks = faults_of("health_free").calls(Call::Check);
    assert!((9..=11).contains(&checks), "{checks}");
    let report = connections.health_of(&["free"]).unwrap();
    assert_eq!(report.status, HealthStatus::Up);
    connections.health_of(&["fre"]).unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn users_of_what_is_down_are_told_at_once_and_it_comes_back_without_them() {
    let (connections, script) = one("frozen", &[]).await;
    script.set_all(Behaviour::hang());
    let handle = connections.get::<Scripted>("frozen").unwrap();
    let error = handle.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    for _ in 0..100 {
        let started = Instant::now();
        let error = handle.client().await.unwrap_err();
        assert!(
            started.elapsed() < Duration::from_millis(10),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(
            format!("{error:?}").contains("could not be opened within 10s"),
            "{error:?}"
        );
        sleep(Duration::from_secs(1)).await;
    }
    assert!(script.calls(Call::Open) > 2, "one prober tries again");
    script.set_all(Behaviour::work());
    let back = async {
        handle
            .watch()
            .wait_for(|state| *state == State::Connected)
            .await
            .map(drop)
    };
    timeout(Duration::from_secs(45), back)
        .await
        .unwrap()
        .unwrap();
    handle.client().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_tried_three_times_with_pauses() {
    let (connections, script) = one("locked_out", &[]).await;
    script.set_all(Behaviour::reject());
    let handle = connections.get::<Scripted>("locked_out").unwrap();
    let started = Instant::now();
    assert_eq!(
        handle.client().await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
    while script.calls(Call::Open) < 3 {
        sleep(Duration::from_millis(100)).await;
    }
    assert!(
        started.elapsed() >= Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
    sleep(LONG).await;
    let error = handle.client().await.unwrap_err();
    assert_eq!(script.calls(Call::Open), 3);
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("refused 3 times"), "{error}");
    script.set_all(Behaviour::work());
    handle.reconnect().await.unwrap();
    handle.client().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_uses_what_is_down_names_it_and_waits_for_it() {
    let settings = [
        ("search.type", "scripted"),
        ("search.script", "search"),
        ("search.needs", "store"),
        ("store.type", "scripted"),
        ("store.script", "store"),
        ("store.needs", "disk"),
        ("disk.type", "scripted"),
        ("disk.script", "disk"),
    ];
    let connections = load(&settings).await;
    connections.start().await.unwrap();
    for script in ["store", "disk"] {
        faults_of(script).set_all(Behaviour::refuse());
    }
    let disk = connections.get::<Scripted>("disk").unwrap();
    for _ in 0..3 {
        connections.check().await;
    }
    assert_eq!(disk.health().status, HealthStatus::Down);
    assert_eq!(disk.health().caused_by, None);
    let store = connections.get_any("store").unwrap();
    assert_eq!(store.health().caused_by.as_deref(), Some("disk"));
    assert!(
        store
            .health()
            .to_string()
            .ends_with("(caused by connection disk)")
    );
    let search = connections.get_any("search").unwrap().health();
    assert_eq!(
        (search.status, search.caused_by.as_deref()),
        (HealthStatus::Degraded, Some("disk"))
    );
    sleep(Duration::from_mins(2)).await;
    assert_eq!(
        faults_of("store").calls(Call::Open),
        1,
        "it waits for the disk"
    );
    assert!(faults_of("disk").calls(Call::Open) > 3);
    for script in ["store", "disk"] {
        faults_of(script).set_all(Behaviour::work());
    }
    let back = async {
        while connections.health().status != HealthStatus::Up {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(40), back)
        .await
        .expect("all are back");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_do_not_come_back_in_the_same_instant() {
    let names: Vec<String> = (0..1000).map(|number| format!("c{number}")).collect();
    let keys: Vec<(String, &str)> = names
        .iter()
        .flat_map(|name| {
            [
                (format!("{name}.type"), "scripted"),
                (format!("{name}.script"), "herd"),
            ]
        })
        .collect();
    let settings: Vec<_> = keys
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    let connections = load(&settings).await;
    let herd = faults_of("herd");
    herd.set_all(Behaviour::refuse());
    connections.start().await.unwrap_err();
    herd.set_all(Behaviour::work());
    let mut seconds = Vec::new();
    let mut before = herd.calls(Call::Open);
    assert_eq!(before, 1000);
    while herd.open_clients() < 1000 {
        sleep(Duration::from_secs(1)).await;
        let now = herd.calls(Call::Open);
        seconds.push(now - before);
        before = now;
    }
    assert!(
        seconds.iter().all(|connects| *connects <= 110),
        "{seconds:?}"
    );
    assert!(seconds.len() <= 15, "{seconds:?}");
}

/// An operation that fails as one does whose server is gone.
async fn fail(handle: &connreg::Connection<Scripted>, kind: ErrorKind) {
    let failed = handle
        .run(async |_| Err::<(), _>(ConnectError::new(kind, "scripted").for_connection("a", "run")))
        .await;
    assert_eq!(failed.unwrap_err().kind(), kind);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_finds_the_server_gone_has_it_checked_at_once() {
    let settings = [("circuit_breaker.enabled", "false")];
    let (connections, script) = one("lost", &settings).await;
    let handle = connections.get::<Scripted>("lost").unwrap();
    handle.client().await.unwrap();
    script.set_all(Behaviour::refuse());
    let mut states = handle.watch();
    let gone = Instant::now();
    // However many find out: one check at a time, twice a second.
    for _ in 0..1_000 {
        fail(&handle, ErrorKind::Refused).await;
    }
    let first = async {
        while handle.health().status != HealthStatus::Degraded {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_millis(10), first).await.unwrap();
    let down = states.wait_for(|state| *state == State::Unhealthy);
    timeout(LONG, down).await.unwrap().unwrap();
    assert_eq!(gone.elapsed().as_millis() / 10, 100, "{:?}", gone.elapsed());
    assert_eq!(script.calls(Call::Check), 3);
    assert_eq!(handle.health().status, HealthStatus::Down);
    // What is known to be down is brought back at its own pace.
    let before = script.calls(Call::Check);
    for _ in 0..1_000 {
        fail(&handle, ErrorKind::Refused).await;
        sleep(Duration::from_millis(1)).await;
    }
    assert!(script.calls(Call::Check) - before < 20);
}

#[tokio::test(start_paused = true)]
async fn one_wrong_query_marks_no_healthy_connection() {
    let (connections, script) = one("healthy", &[]).await;
    let handle = connections.get::<Scripted>("healthy").unwrap();
    handle.client().await.unwrap();
    let mut events = connections.events();
    for (kind, checks) in [
        (ErrorKind::Other, 0),
        (ErrorKind::Closed, 0),
        (ErrorKind::Overloaded, 0),
        (ErrorKind::Timeout, 1),
        (ErrorKind::Protocol, 2),
    ] {
        fail(&handle, kind).await;
        sleep(Duration::from_secs(2)).await;
        assert_eq!(script.calls(Call::Check), checks, "{kind}");
        assert_eq!(handle.health().status, HealthStatus::Up);
        assert_eq!(handle.state(), State::Connected);
    }
    while let Ok(event) = events.try_recv() {
        let is_change = matches!(event.kind, EventKind::StateChanged { .. });
        assert!(!is_change, "{event:?}");
    }
}
