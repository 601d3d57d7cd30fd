//! What listeners are told.

use std::sync::Mutex;
use std::time::Duration;

use connreg::{EventKind, State};
use tokio::time::{Instant, timeout};

use crate::scripted::{SOON, Scripted, one};

#[tokio::test]
async fn callbacks_are_told_in_order_and_one_that_panics_or_dawdles_harms_nobody() {
    let (connections, _) = one("callbacks", &[]).await;
    let handle = connections.get::<Scripted>("callbacks").unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let panicking = handle.on_event(|_| panic!("scripted panic in a callback"));
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let slow = handle.on_event(move |_| {
        let _ = held.lock().unwrap().recv();
    });
    let listener = handle.on_event(move |event| drop(told.send(event.kind.clone())));
    timeout(SOON, handle.client()).await.unwrap().unwrap();
    let mut next = async || timeout(SOON, heard.recv()).await.unwrap().unwrap();
    assert!(matches!(
        next().await,
        EventKind::StateChanged {
            from: State::Initialized,
            to: State::Connecting
        }
    ));
    assert!(matches!(
        next().await,
        EventKind::StateChanged {
            from: State::Connecting,
            to: State::Connected
        }
    ));
    assert!(matches!(next().await, EventKind::Opened));
    // The slow one holds the first; of the others more come than are kept for it.
    for _ in 0..100 {
        handle.reconnect().await.unwrap();
    }
    drop(release);
    let missed = async {
        while slow.missed() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, missed)
        .await
        .expect("what was dropped is counted");
    drop((panicking, listener));
    // Nothing more is told: the sender went with its callback.
    let rest = async { while heard.recv().await.is_some() {} };
    timeout(SOON, rest).await.expect("it is unregistered");
    connections.close_with(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn the_events_end_with_the_last_handle() {
    let (connections, _) = one("ending", &[]).await;
    let connection = connections.get::<Scripted>("ending").unwrap();
    connection.client().await.unwrap();
    let mut events = connections.events();
    let began = Instant::now();
    drop(connections);
    connection.reconnect().await.unwrap();
    let told = events.recv().await.unwrap();
    assert_eq!(&*told.connection, "ending");
    drop(connection);
    while events.recv().await.is_ok() {}
    // Nobody waits for the health monitor's next look.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}
