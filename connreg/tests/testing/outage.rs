//! A day without the server, on paused time.

use std::time::Duration;

use connreg::testing::{Behaviour, Call};
use connreg::{BreakerState, Error, ErrorKind, State};
use tokio::time::{Instant, sleep, timeout};

use crate::scripted;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn a_day_without_the_server_is_borne_and_ends_by_itself() {
    let (_connections, orders, faults) = scripted(&[]).await;
    let count = async |_client| Ok::<_, Error>(1);
    orders.run(count).await.unwrap();
    faults.set_all(Behaviour::refuse());
    let mut states = orders.watch();
    let down = states.wait_for(|state| *state == State::Unhealthy);
    timeout(HOUR, down).await.unwrap().unwrap();
    for _ in 0..24 {
        sleep(HOUR).await;
        let begun = Instant::now();
        let error = orders.run_idempotent(count).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        // Three attempts at the most, with their pauses.
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
    }
    let attempts = faults.calls(Call::Open);
    // A random part of 30 s between them: not given up, and no storm.
    assert!((2_880..20_000).contains(&attempts), "{attempts}");
    faults.clear();
    let up = states.wait_for(|state| *state == State::Connected);
    timeout(Duration::from_secs(31), up).await.unwrap().unwrap();
    // The breaker may have yet to find out.
    sleep(Duration::from_secs(30)).await;
    for _ in 0..2 {
        orders.run(count).await.unwrap();
    }
    assert_eq!(orders.info().circuit_breaker, BreakerState::Closed);
}
