//! Injected faults, each seen by what stands between a service and its server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use connreg::testing::{Behaviour, Call, Faults, drop_at_every_await};
use connreg::{BreakerState, ConnectError, Error, ErrorKind, EventKind, HealthStatus, Sent, State};
use tokio::time::{Instant, sleep, timeout};

use crate::{builder, scripted};

const SECOND: Duration = Duration::from_secs(1);

async fn nothing<C>(_client: C) -> Result<(), Error> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn until_something_is_set_calls_are_only_counted() {
    let (connections, orders, faults) = scripted(&[]).await;
    let started = Instant::now();
    assert_eq!(orders.client().await.unwrap().number(), 0);
    orders.check().await.unwrap();
    orders.run(nothing).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
    assert_eq!(Call::ALL.map(|call| faults.calls(call)), [1, 1, 1, 0]);
    assert_eq!(faults.open_clients(), 1);
    assert!(connections.close().await.is_drained());
    drop((connections, orders));
    faults.settle(0).await;
    assert_eq!(Call::ALL.map(|call| faults.calls(call)), [1, 1, 1, 1]);
    assert_eq!(Call::ALL.map(|call| faults.injected(call)), [0; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_is_seen_by_state_health_events_and_breaker() {
    let (connections, orders, faults) = scripted(&[]).await;
    orders.client().await.unwrap();
    let mut events = connections.events();
    faults.set_all(Behaviour::refuse());
    for _ in 0..5 {
        let error = orders.run(nothing).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.request_sent()),
            (ErrorKind::Refused, Sent::No)
        );
        assert_eq!(error.connection(), Some("orders"));
        assert!(
            error.to_string().contains("injected fault: `run`"),
            "{error}"
        );
    }
    assert_eq!(orders.info().circuit_breaker, BreakerState::Open);
    assert_eq!(
        orders.run(nothing).await.unwrap_err().kind(),
        ErrorKind::Refused
    );
    assert_eq!(faults.calls(Call::Run), 5, "the breaker is open");
    let mut states = orders.watch();
    let down = states.wait_for(|state| *state == State::Unhealthy);
    timeout(Duration::from_mins(10), down)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(orders.health().status, HealthStatus::Down);
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event.kind);
    }
    assert!(
        told.iter()
            .any(|kind| matches!(kind, EventKind::Error { .. }))
    );
    assert!(
        told.iter()
            .any(|kind| matches!(kind, EventKind::BreakerChanged { .. }))
    );
    faults.clear();
    let up = states.wait_for(|state| *state == State::Connected);
    timeout(Duration::from_mins(2), up).await.unwrap().unwrap();
    sleep(Duration::from_secs(30)).await;
    orders.run(nothing).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_can_not_be_opened_says_why() {
    let (_connections, orders, faults) = scripted(&[("retry.enabled", "false")]).await;
    faults.set(Call::Open, Behaviour::reject());
    let error = orders.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    faults.clear();
    faults.next(
        Call::Open,
        [Behaviour::hang(), Behaviour::panic(), Behaviour::work()],
    );
    let started = Instant::now();
    let error = orders.reconnect().await.unwrap_err();
    assert_eq!(
        (error.kind(), started.elapsed()),
        (ErrorKind::Timeout, 10 * SECOND)
    );
    let error = orders.reconnect().await.unwrap_err();
    assert!(
        error.to_string().contains("the back end panicked"),
        "{error}"
    );
    orders.reconnect().await.unwrap();
    assert_eq!(
        (faults.calls(Call::Open), faults.injected(Call::Open)),
        (4, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn latency_comes_first_and_deadlines_cut_it_off() {
    let (_connections, orders, faults) = scripted(&[("operation_timeout", "2s")]).await;
    orders.client().await.unwrap();
    faults.set(
        Call::Run,
        Behaviour::work().latency(SECOND).jitter(SECOND / 2),
    );
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let started = Instant::now();
        orders.run(nothing).await.unwrap();
        let took = started.elapsed();
        assert!((SECOND..=SECOND * 3 / 2).contains(&took), "{took:?}");
        slowest = slowest.max(took);
    }
    assert!(slowest > SECOND * 5 / 4, "{slowest:?}");
    assert_eq!(faults.injected(Call::Run), 0, "slow is not failed");
    for behaviour in [Behaviour::work().latency(3 * SECOND), Behaviour::hang()] {
        faults.set(Call::Run, behaviour);
        let started = Instant::now();
        let error = orders.run(nothing).await.unwrap_err();
        assert_eq!(
            (error.kind(), started.elapsed()),
            (ErrorKind::Timeout, 2 * SECOND)
        );
    }
    assert_eq!(orders.info().executing, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_of_all_calls_and_the_same_for_the_same_seed() {
    async fn failed(seed: u64) -> Vec<bool> {
        let faults = Faults::seeded(seed);
        faults.set(Call::Run, Behaviour::fail(ErrorKind::Overloaded).rate(0.3));
        let mut failed = Vec::new();
        for _ in 0..1000 {
            failed.push(faults.act(Call::Run).await.is_err());
        }
        failed
    }
    let once = failed(7).await;
    let count = once.iter().filter(|failed| **failed).count();
    assert!((240..=360).contains(&count), "{count}");
    assert_eq!(failed(7).await, once);
    assert_ne!(failed(8).await, once);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_leaves_the_work_done() {
    let (_connections, orders, faults) = scripted(&[]).await;
    let done = AtomicUsize::new(0);
    let work = async |_client| {
        done.fetch_add(1, SeqCst);
        Ok::<_, Error>(())
    };
    faults.next(
        Call::Run,
        [Behaviour::lose_answer(), Behaviour::lose_answer()],
    );
    let error = orders.run(work).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.request_sent()),
        (ErrorKind::Refused, Sent::Yes)
    );
    assert_eq!(done.load(SeqCst), 1);
    // Work that may be done twice is.
    orders.run_idempotent(work).await.unwrap();
    assert_eq!(done.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_comes_first_and_the_servers_hint_is_passed_on() {
    let (_connections, orders, faults) = scripted(&[]).await;
    orders.client().await.unwrap();
    let busy = Behaviour::fail(ErrorKind::Overloaded).retry_after(7 * SECOND);
    faults.set(Call::Run, Behaviour::fail(ErrorKind::Other));
    faults.next(Call::Run, [Behaviour::work(), busy]);
    faults.next(Call::Run, [Behaviour::work()]);
    orders.run(nothing).await.unwrap();
    let started = Instant::now();
    orders.run_idempotent(nothing).await.unwrap();
    assert!(started.elapsed() >= 7 * SECOND);
    assert_eq!(
        orders.run_idempotent(nothing).await.unwrap_err().kind(),
        ErrorKind::Other
    );
    assert_eq!(faults.calls(Call::Run), 4);
}

#[tokio::test]
async fn what_waits_goes_on_when_it_is_released_or_all_is_cleared() {
    let (_connections, orders, faults) = scripted(&[]).await;
    faults.set(Call::Run, Behaviour::wait());
    let users: Vec<_> = (0..3)
        .map(|_| {
            let orders = orders.clone();
            tokio::spawn(async move { orders.run(nothing).await })
        })
        .collect();
    faults.reach(Call::Run, 3).await;
    assert_eq!(orders.info().executing, 3);
    faults.release(1);
    while orders.info().executing > 2 {
        tokio::task::yield_now().await;
    }
    faults.clear();
    for user in users {
        user.await.unwrap().unwrap();
    }
    assert_eq!(faults.injected(Call::Run), 3);
    orders.run(nothing).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn work_with_faults_can_be_dropped_wherever_it_waits() {
    let (_connections, orders, faults) = scripted(&[("bulkhead.max_concurrent", "1")]).await;
    orders.client().await.unwrap();
    faults.set(Call::Run, Behaviour::wait().latency(SECOND));
    let points = drop_at_every_await(
        || {
            // Whoever is dropped with a release of his own leaves it to the next.
            faults.release(1);
            orders.run(nothing)
        },
        async || assert_eq!(orders.info().executing, 0),
    );
    assert!(points.await >= 1);
    faults.clear();
    orders.run(nothing).await.unwrap();
}

#[tokio::test]
async fn a_panic_in_work_leaves_nothing_behind() {
    let (_connections, orders, faults) = scripted(&[("bulkhead.max_concurrent", "1")]).await;
    faults.next(Call::Run, [Behaviour::panic()]);
    let user = tokio::spawn({
        let orders = orders.clone();
        async move { orders.run(nothing).await }
    });
    assert!(user.await.unwrap_err().is_panic());
    assert_eq!(orders.info().executing, 0);
    orders.run(nothing).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_close_is_cut_off() {
    let (connections, orders, faults) = scripted(&[]).await;
    orders.client().await.unwrap();
    faults.set(Call::Close, Behaviour::hang());
    let started = Instant::now();
    let report = connections.close_with(2 * SECOND).await;
    assert_eq!(report.cut_off().count(), 1, "{report}");
    assert!(started.elapsed() < 3 * SECOND);
    faults.settle(0).await;
}

#[tokio::test]
async fn errors_of_a_users_own_hold_them() {
    #[derive(Debug)]
    struct ShopError(Error);
    impl From<Error> for ShopError {
        fn from(error: Error) -> Self {
            Self(error)
        }
    }
    let (_connections, orders, faults) = scripted(&[]).await;
    faults.next(Call::Run, [Behaviour::fail(ErrorKind::Role)]);
    let call = connreg::policy::CallPolicy::new()
        .classify(|error: &ShopError| connreg::policy::Fault::of(error.0.kind()));
    let work = async |_client| Ok::<_, ShopError>(());
    let error = orders.run_with(&call, work).await.unwrap_err();
    assert_eq!(error.0.kind(), ErrorKind::Role);
}

#[tokio::test]
async fn a_back_end_of_a_tests_own_can_follow_them() {
    let faults = Faults::new();
    faults.next(Call::Open, [Behaviour::refuse()]);
    let error: ConnectError = faults.act(Call::Open).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let client = Arc::new(faults.client());
    faults.act(Call::Open).await.unwrap();
    assert_eq!((faults.open_clients(), faults.calls(Call::Open)), (1, 2));
    drop(client);
    assert_eq!(faults.open_clients(), 0);
}

#[tokio::test]
async fn a_name_that_is_not_configured_is_told() {
    let error = builder()
        .with_scripted("orders", &Faults::new())
        .with_faults("oders", &Faults::new())
        .load()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("`oders`"), "{error}");
}
