//! Closing: by hand, for the whole process, at a signal.

use std::future::pending;
use std::time::Duration;

use connreg::{ConnectError, ErrorKind, State};
use tokio::time::Instant;

use crate::scripted::{Behaviour, Call, Scripted, faults_of, load, one, settles};

#[tokio::test(start_paused = true)]
async fn what_is_idle_is_closed_at_once_and_what_hangs_is_cut_off_at_the_deadline() {
    let settings = [
        ("upper.type", "scripted"),
        ("upper.script", "close_upper"),
        ("upper.needs", "lower"),
        ("lower.type", "scripted"),
        ("lower.script", "close_lower"),
        ("beside.type", "scripted"),
        ("beside.script", "close_beside"),
    ];
    let connections = load(&settings).await;
    connections.start().await.unwrap();
    faults_of("close_beside").set(Call::Close, Behaviour::hang());
    let started = Instant::now();
    let report = connections.close_with(Duration::from_secs(2)).await;
    assert!(started.elapsed() < Duration::from_millis(2050), "{report}");
    assert!(!report.is_drained());
    let names: Vec<&str> = report
        .connections
        .iter()
        .map(|closed| &*closed.name)
        .collect();
    let at = |name| names.iter().position(|closed| *closed == name).unwrap();
    assert!(at("upper") < at("lower"), "{names:?}");
    let cut_off: Vec<&str> = report.cut_off().map(|closed| &*closed.name).collect();
    assert_eq!(cut_off, ["beside"]);
    assert_eq!(
        report.to_string(),
        "3 connections closed in 2s; cut off: `beside` (0 under way)"
    );
    for closed in report.connections.iter().filter(|closed| closed.drained) {
        assert!(closed.took < Duration::from_millis(50), "{closed:?}");
    }
    let again = connections.close().await;
    assert!(again.connections.is_empty() && again.is_drained());
}

#[tokio::test]
async fn an_operation_under_way_is_waited_for_or_counted_as_cut_off() {
    let settings = [
        ("slow.type", "scripted"),
        ("slow.script", "close_slow"),
        ("endless.type", "scripted"),
        ("endless.script", "close_endless"),
        ("endless.close_timeout", "50ms"),
    ];
    let connections = load(&settings).await;
    connections.start().await.unwrap();
    let begun = |name: &str| {
        let handle = connections.get::<Scripted>(name).unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let under_way = tokio::spawn({
            let handle = handle.clone();
            async move {
                handle
                    .run(async |_client| {
                        ended.await.ok();
                        Ok::<(), connreg::Error>(())
                    })
                    .await
            }
        });
        (handle, end, under_way)
    };
    let (slow, end, under_way) = begun("slow");
    let (endless, _endless_end, _endless_work) = begun("endless");
    while slow.info().executing + endless.info().executing < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(slow.state(), State::Executing);
    let closing = tokio::spawn({
        let connections = connections.clone();
        async move { connections.close().await }
    });
    slow.watch()
        .wait_for(|state| *state == State::Closed)
        .await
        .unwrap();
    assert_eq!(
        faults_of("close_slow").calls(Call::Close),
        0,
        "not under its user"
    );
    end.send(()).unwrap();
    under_way.await.unwrap().unwrap();
    let report = closing.await.unwrap();
    let cut_off: Vec<_> = report
        .cut_off()
        .map(|closed| (&*closed.name, closed.cut_off))
        .collect();
    assert_eq!(cut_off, [("endless", 1)]);
    assert_eq!(faults_of("close_slow").calls(Call::Close), 1);
}

#[tokio::test]
async fn the_process_has_one_set_of_connections_at_a_time() {
    assert_eq!(connreg::global().unwrap_err().kind(), ErrorKind::Closed);
    assert!(connreg::global::close_all().await.is_none());
    let (connections, _) = one("global", &[]).await;
    connreg::global::init(connections.clone()).unwrap();
    let (others, _) = one("global_too", &[]).await;
    let error = connreg::global::init(others.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let handle = connreg::global()
        .unwrap()
        .get::<Scripted>("global")
        .unwrap();
    handle.client().await.unwrap();
    assert!(connreg::global::close_all().await.unwrap().is_drained());
    assert_eq!(handle.state(), State::Closed);
    connreg::global::init(others).unwrap();
    connreg::global::close_all().await.unwrap();
}

#[cfg(all(unix, feature = "signal"))]
#[tokio::test]
async fn a_signal_closes_everything() {
    use std::pin::pin;

    let (connections, script) = one("signalled", &[]).await;
    let handle = connections.get::<Scripted>("signalled").unwrap();
    handle.client().await.unwrap();
    let mut closing = pin!(connections.close_on_signal());
    // From now on the signal is listened to.
    let waits = tokio::time::timeout(Duration::ZERO, &mut closing).await;
    assert!(waits.is_err());
    let process = std::process::id().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", &process]).status().unwrap().success());
    let report = tokio::time::timeout(crate::scripted::SOON, closing)
        .await
        .unwrap();
    assert!(report.unwrap().is_drained());
    settles(&script, 0).await;
}

/// Closes while work is under way that never ends; how long that took.
async fn closed_within(name: &str, limit: Option<Duration>) -> Duration {
    let (connections, _) = one(name, &[("close_timeout", "7s")]).await;
    let handle = connections.get::<Scripted>(name).unwrap();
    handle.client().await.unwrap();
    let work = tokio::spawn(async move {
        handle
            .run(|_client| pending::<Result<(), ConnectError>>())
            .await
    });
    while connections.info(name).unwrap().executing == 0 {
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    let report = match limit {
        Some(limit) => connections.close_with(limit).await,
        None => connections.close().await,
    };
    assert_eq!(report.cut_off().count(), 1, "{report}");
    work.abort();
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn each_connection_says_how_long_it_is_waited_for_unless_the_caller_does() {
    let own = closed_within("patient", None).await;
    assert!((7..8).contains(&own.as_secs()), "{own:?}");
    let given = closed_within("hurried", Some(Duration::from_secs(2))).await;
    assert!((2..3).contains(&given.as_secs()), "{given:?}");
}
