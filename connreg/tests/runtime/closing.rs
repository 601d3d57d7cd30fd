//! How long work in flight is waited for at close.

use std::future::pending;
use std::time::Duration;

use connreg::ConnectError;
use tokio::time::Instant;

use crate::scripted::{Scripted, one};

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
