//! Dropped in every order and everywhere: nothing panics, nothing hangs, the threads end.

use std::any::Any;
use std::future::pending;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use connreg::Error;
use connreg::capability::KeyValue;
use connreg_backends::Sqlite;

use crate::{LONG, answer, load};

/// One of each handle that there is, all in use; and what a task on their threads keeps until they end.
fn handles() -> (Vec<Box<dyn Any + Send>>, Arc<()>) {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    let kept = Arc::new(());
    let in_task = Arc::clone(&kept);
    db.call(|_client| async move {
        tokio::spawn(async move {
            pending::<()>().await;
            drop(in_task);
        });
        Ok::<_, Error>(())
    })
    .unwrap();
    let client = db.client().unwrap();
    let cache = connections.get_as::<dyn KeyValue>("cache").unwrap();
    let seen = cache.client().unwrap();
    let listener = db.on_event(|_event| ());
    let handles: Vec<Box<dyn Any + Send>> = vec![
        Box::new(connections.watch()),
        Box::new(connections.events()),
        Box::new(connections.get_any("db").unwrap()),
        Box::new((cache, seen)),
        Box::new(listener),
        Box::new(client),
        Box::new(db),
        Box::new(connections),
    ];
    (handles, kept)
}

fn ends(kept: &Arc<()>) {
    let deadline = Instant::now() + LONG;
    while Arc::strong_count(kept) > 1 {
        assert!(Instant::now() < deadline, "the threads go on");
        thread::yield_now();
    }
}

#[test]
fn in_any_order_the_threads_end_with_the_last_handle() {
    let (handles, kept) = handles();
    let count = handles.len();
    drop(handles);
    ends(&kept);
    for first in 0..count {
        let (mut handles, kept) = self::handles();
        handles.rotate_left(first);
        for handle in handles {
            drop(handle);
        }
        ends(&kept);
        let (mut handles, kept) = self::handles();
        handles.rotate_left(first);
        while let Some(handle) = handles.pop() {
            drop(handle);
        }
        ends(&kept);
    }
}

#[test]
fn within_a_runtime_of_another() {
    for runtime in [
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap(),
        tokio::runtime::Runtime::new().unwrap(),
    ] {
        let (handles, kept) = handles();
        runtime.block_on(async move { drop(handles) });
        ends(&kept);
        let (handles, kept) = self::handles();
        let task = runtime.spawn(async move { drop(handles) });
        runtime.block_on(task).unwrap();
        ends(&kept);
    }
}

#[test]
fn on_the_threads_of_the_connections() {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    let kept = Arc::new(());
    let in_task = Arc::clone(&kept);
    let (let_go, told) = tokio::sync::oneshot::channel::<()>();
    let last = connections.clone();
    db.call(|_client| async move {
        tokio::spawn(async move {
            told.await.unwrap();
            drop((last, in_task));
        });
        Ok::<_, Error>(())
    })
    .unwrap();
    drop((connections, db));
    let_go.send(()).unwrap();
    ends(&kept);
}

#[test]
fn in_a_callback_of_their_own() {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    let (dropped, told) = std::sync::mpsc::channel();
    let last = std::sync::Mutex::new(Some(connections.clone()));
    let listener = db.on_event(move |_event| {
        drop(last.lock().unwrap().take());
        // Whoever waits for it may have gone.
        let _ = dropped.send(());
    });
    assert_eq!(answer(&db).unwrap(), 42);
    drop((connections, db));
    told.recv_timeout(LONG).unwrap();
    drop(listener);
}

#[test]
fn while_a_thread_waits_on_another_handle() {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    let (begun, told) = std::sync::mpsc::channel();
    let (let_go, wait) = tokio::sync::oneshot::channel::<()>();
    let waiting = thread::spawn(move || {
        db.run(|client| async move {
            begun.send(()).unwrap();
            wait.await.unwrap();
            client.query_one("SELECT 42", ()).await?.get::<i64>(0)
        })
    });
    told.recv_timeout(LONG).unwrap();
    drop(connections);
    let_go.send(()).unwrap();
    assert_eq!(waiting.join().unwrap().unwrap(), 42);
}
