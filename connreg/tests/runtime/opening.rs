//! Opening, sharing, checking, replacing and closing connections, with a back end that follows a script.

use std::time::{Duration, Instant};

use crate::scripted::{
    Behaviour, CLOSED, Call, SOON, Scripted, faults_of, load, one, settles, try_load,
};
use connreg::{ErrorKind, State};
use tokio::time::timeout;

#[tokio::test]
async fn getting_a_connection_does_no_io() {
    let (connections, script) = one("no_io", &[]).await;
    let connection = connections.get::<Scripted>("no_io").unwrap();
    assert_eq!(connection.state(), State::Initialized);
    assert_eq!(script.calls(Call::Open), 0);
    assert!(connections.is_available("no_io"));
}

#[tokio::test]
async fn a_thousand_first_users_make_one_attempt() {
    let (connections, script) = one("single_flight", &[]).await;
    script.set_all(Behaviour::wait());
    let connection = connections.get::<Scripted>("single_flight").unwrap();
    let users: Vec<_> = (0..1000)
        .map(|_| {
            let connection = connection.clone();
            tokio::spawn(async move { connection.client().await.map(|client| client.0.number) })
        })
        .collect();
    let mut states = connection.watch();
    states
        .wait_for(|state| *state == State::Connecting)
        .await
        .unwrap();
    script.release(1);
    for user in users {
        assert_eq!(user.await.unwrap().unwrap(), 0);
    }
    assert_eq!(script.calls(Call::Open), 1);
    assert_eq!(connection.state(), State::Connected);
}

#[tokio::test]
async fn a_user_who_leaves_does_not_end_the_attempt() {
    let (connections, script) = one("leaver", &[]).await;
    script.set_all(Behaviour::wait());
    let connection = connections.get::<Scripted>("leaver").unwrap();
    assert!(
        timeout(Duration::from_millis(20), connection.client())
            .await
            .is_err()
    );
    script.release(1);
    let client = connection.client().await.unwrap();
    assert_eq!((client.0.number, script.calls(Call::Open)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_told_and_tried_again() {
    let (connections, script) = one("refused", &[("health_check.enabled", "false")]).await;
    script.set_all(Behaviour::refuse());
    let connection = connections.get::<Scripted>("refused").unwrap();
    let error = connection.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "connection `refused`: connect: injected fault: `open` failed (refused); \
         check host and port, and that the server is running and reachable"
    );
    assert_eq!(connection.state(), State::Failed);
    assert!(!connections.is_available("refused"));
    let status = connections.status();
    assert_eq!(
        (status.registered, status.available, status.unavailable),
        (1, 0, 1)
    );
    assert_eq!(
        status.details[0].last_error.as_ref().unwrap().kind(),
        ErrorKind::Refused
    );

    // Whoever comes before the next attempt is told at once, with the cause.
    let down = connection.client().await.unwrap_err();
    assert_eq!(script.calls(Call::Open), 1);
    assert_eq!(
        (down.kind(), down.is_transient()),
        (ErrorKind::Refused, true)
    );
    assert!(down.to_string().contains("known to be down"), "{down}");
    assert!(format!("{down:?}").contains("injected fault"), "{down:?}");
    tokio::time::advance(down.retry_after().unwrap()).await;

    script.set_all(Behaviour::work());
    assert_eq!(connection.client().await.unwrap().0.number, 1);
    assert_eq!(
        connection.info().last_error.map(|error| error.to_string()),
        None
    );
    assert_eq!(connections.status().available, 1);
}

#[tokio::test]
async fn a_server_that_never_speaks_is_given_up_in_time() {
    let (connections, script) = one("silent", &[("connect_timeout", "50ms")]).await;
    script.set_all(Behaviour::hang());
    let started = Instant::now();
    let error = connections
        .get::<Scripted>("silent")
        .unwrap()
        .client()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error
            .to_string()
            .contains("could not be opened within 50ms"),
        "{error}"
    );
    assert!(started.elapsed() < SOON);
}

#[tokio::test]
async fn a_panic_in_the_back_end_is_an_error_and_not_the_end() {
    let (connections, script) = one("panicking", &[]).await;
    script.set_all(Behaviour::panic());
    let connection = connections.get::<Scripted>("panicking").unwrap();
    let error = timeout(SOON, connection.client())
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        error.to_string().contains("the back end panicked"),
        "{error}"
    );
    assert_eq!(connection.state(), State::Failed);
    script.set_all(Behaviour::work());
    timeout(SOON, connection.reconnect())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_failed_check_makes_it_unhealthy_until_one_succeeds() {
    let settings = [
        ("health_check.timeout", "50ms"),
        ("health_check.failure_threshold", "2"),
    ];
    let (connections, script) = one("checked", &settings).await;
    let connection = connections.get::<Scripted>("checked").unwrap();
    connection.check().await.unwrap();
    assert_eq!(
        script.calls(Call::Open),
        1,
        "a check opens what nobody has opened"
    );
    script.set_all(Behaviour::hang());
    let error = connection.check().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("check: the server did not answer within 50ms"),
        "{error}"
    );
    assert_eq!(connection.state(), State::Connected, "once is not enough");
    connection.check().await.unwrap_err();
    assert_eq!(connection.state(), State::Unhealthy);
    assert!(!connections.is_available("checked"));
    script.set_all(Behaviour::work());
    connection.check().await.unwrap();
    assert_eq!(connection.state(), State::Connected);
}

#[tokio::test]
async fn reconnecting_replaces_the_client_and_closes_the_old_one_after_its_last_user() {
    let (connections, script) = one("replaced", &[]).await;
    let connection = connections.get::<Scripted>("replaced").unwrap();
    let old = connection.client().await.unwrap();
    connection.reconnect().await.unwrap();
    assert_eq!(connection.client().await.unwrap().0.number, 1);
    assert_eq!(
        (old.0.number, script.calls(Call::Close)),
        (0, 0),
        "still in use"
    );
    drop(old);
    settles(&script, 1).await;
    assert_eq!(script.calls(Call::Close), 1);
}

#[tokio::test]
async fn a_reconnect_that_fails_leaves_the_old_client() {
    let (connections, script) = one("kept", &[]).await;
    let connection = connections.get::<Scripted>("kept").unwrap();
    connection.client().await.unwrap();
    script.set_all(Behaviour::refuse());
    connection.reconnect().await.unwrap_err();
    assert_eq!(connection.state(), State::Unhealthy);
    assert_eq!(connection.client().await.unwrap().0.number, 0);
    script.set_all(Behaviour::work());
    connection.ensure_connected().await.unwrap();
    assert_eq!(connection.state(), State::Connected);
}

#[tokio::test]
async fn closing_goes_against_the_references_and_is_for_good() {
    let connections = load(&[
        ("upper.type", "scripted"),
        ("upper.script", "upper"),
        ("upper.needs", "middle"),
        ("middle.type", "scripted"),
        ("middle.script", "middle"),
        ("middle.needs", "lower"),
        ("lower.type", "scripted"),
        ("lower.script", "lower"),
    ])
    .await;
    let upper = connections.get::<Scripted>("upper").unwrap();
    let guard = upper.client().await.unwrap();
    assert_eq!(
        faults_of("lower").calls(Call::Open),
        1,
        "opened by way of the references"
    );
    connections.close().await;
    let closed = CLOSED.lock().unwrap().clone();
    let at = |name: &str| closed.iter().position(|closed| closed == name).unwrap();
    assert!(
        at("upper") < at("middle") && at("middle") < at("lower"),
        "{closed:?}"
    );
    assert_eq!(upper.state(), State::Closed);
    let error = upper.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(
        upper.reconnect().await.unwrap_err().kind(),
        ErrorKind::Closed
    );
    drop(guard);
    connections.close().await;
    assert_eq!(faults_of("upper").calls(Call::Close), 1);
}

#[tokio::test]
async fn closing_ends_an_attempt_under_way() {
    let (connections, script) = one("closed_early", &[]).await;
    script.set_all(Behaviour::hang());
    let connection = connections.get::<Scripted>("closed_early").unwrap();
    let user = tokio::spawn({
        let connection = connection.clone();
        async move { connection.client().await.map(|_| ()) }
    });
    connection
        .watch()
        .wait_for(|state| *state == State::Connecting)
        .await
        .unwrap();
    connections.close().await;
    let error = timeout(SOON, user).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(connection.state(), State::Closed);
}

#[tokio::test]
async fn dropping_everything_closes_what_is_open() {
    let (connections, script) = one("dropped", &[]).await;
    connections
        .get::<Scripted>("dropped")
        .unwrap()
        .client()
        .await
        .unwrap();
    drop(connections);
    settles(&script, 0).await;
    assert_eq!(script.calls(Call::Close), 1);
}

#[tokio::test]
async fn starting_opens_all_and_tells_every_required_failure() {
    let settings = [
        ("good.type", "scripted"),
        ("good.script", "start_good"),
        ("bad.type", "scripted"),
        ("bad.script", "start_bad"),
        ("worse.type", "scripted"),
        ("worse.script", "start_bad"),
        ("optional.type", "scripted"),
        ("optional.script", "start_bad"),
        ("optional.required", "false"),
    ];
    faults_of("start_bad").set_all(Behaviour::refuse());
    let connections = load(&settings).await;
    let error = connections.start().await.unwrap_err().to_string();
    assert!(error.starts_with("2 connections failed:"), "{error}");
    assert!(
        error.contains("`bad`") && error.contains("`worse`"),
        "{error}"
    );
    assert!(!error.contains("`optional`"), "{error}");
    assert_eq!(connections.info("good").unwrap().state, State::Connected);
}

#[tokio::test]
async fn an_eager_connection_is_open_after_loading() {
    let (connections, _) = one("eager", &[("lazy", "false")]).await;
    assert_eq!(connections.info("eager").unwrap().state, State::Connected);
    faults_of("eager_bad").set_all(Behaviour::refuse());
    let settings = [
        ("x.type", "scripted"),
        ("x.script", "eager_bad"),
        ("x.lazy", "false"),
    ];
    assert_eq!(
        try_load(&settings).await.unwrap_err().kind(),
        ErrorKind::Refused
    );
}

#[tokio::test]
async fn names_are_found_as_configuration_compares_them_and_the_nearest_is_suggested() {
    let (connections, _) = one("customer_db", &[]).await;
    assert_eq!(
        connections.get_any("CustomerDB").unwrap().name(),
        "customer_db"
    );
    let error = connections.get::<Scripted>("custmer_db").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "there is no connection `custmer_db`; did you mean `customer_db`?"
    );
    assert_eq!(connections.list(), ["customer_db"]);
}

#[test]
fn without_a_runtime_the_error_says_so() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (connections, _) = runtime.block_on(one("no_runtime", &[]));
    let connection = connections.get::<Scripted>("no_runtime").unwrap();
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let mut client = Box::pin(connection.client());
    let std::task::Poll::Ready(Err(error)) = client.as_mut().poll(&mut context) else {
        panic!("it must fail at once")
    };
    assert!(
        error.to_string().contains("there is no Tokio runtime"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_futures_at_any_moment_leaves_nothing_behind() {
    let (connections, script) = one("cancelled", &[]).await;
    let connection = connections.get::<Scripted>("cancelled").unwrap();
    for round in 0..200_u64 {
        let users: Vec<_> = (0..8)
            .map(|user| {
                let connection = connection.clone();
                tokio::spawn(async move {
                    let limit = Duration::from_micros((round * 7 + user * 13) % 90);
                    let _ = match user % 3 {
                        0 => timeout(limit, connection.reconnect()).await.is_ok(),
                        1 => timeout(limit, connection.check()).await.is_ok(),
                        _ => timeout(limit, connection.client()).await.is_ok(),
                    };
                })
            })
            .collect();
        for user in users {
            user.await.unwrap();
        }
    }
    // Replaced clients are closed by tasks of their own.
    connection.client().await.unwrap();
    settles(&script, 1).await;
    connections.close().await;
    drop((connections, connection));
    settles(&script, 0).await;
}
