//! Closing: by hand, for the whole process, at a signal.

use std::time::Duration;

use connreg::{ErrorKind, State};
use tokio::time::Instant;

use crate::scripted::{Behaviour, Script, Scripted, load, one};

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
    Script::named("close_beside").set(Behaviour::Hang);
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
    script.settles_at(0).await;
}
