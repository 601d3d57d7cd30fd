//! Many threads, and threads that must not wait.

use std::thread;

use connreg::blocking::Connections;
use connreg::{Error, ErrorKind};
use connreg_backends::Sqlite;

use crate::{answer, configured, load};

/// That the call was refused for where it was made.
fn is_refused<T>(called: Result<T, Error>, connection: Option<&str>) {
    let Err(error) = called else {
        panic!("it was not refused")
    };
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert_eq!(error.connection(), connection, "{error}");
    let text = error.to_string();
    assert!(text.contains("within async code"), "{text}");
    assert!(text.contains("spawn_blocking"), "{text}");
}

fn is_refused_everywhere(connections: &Connections) {
    let db = connections.get::<Sqlite>("db").unwrap();
    is_refused(answer(&db), Some("db"));
    is_refused(db.client(), Some("db"));
    is_refused(db.check(), Some("db"));
    is_refused(connections.check(), None);
    is_refused(connections.reload(), None);
    is_refused(connections.close(), None);
    is_refused(configured().load_blocking(), None);
    is_refused(configured().check_blocking(), None);
    let mut events = connections.events();
    is_refused(events.next_within(crate::LONG), None);
    assert!(events.next().is_none());
    let mut watcher = connections.watch();
    is_refused(watcher.next().expect("an error"), None);
    assert!(watcher.next().is_none());
}

#[test]
fn many_threads_share_a_connection() {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(answer(&db).unwrap(), 42);
                }
            });
        }
    });
    let info = db.info();
    assert_eq!((info.operations.operations, info.executing), (320, 0));
}

#[test]
fn a_task_of_any_runtime_is_told_not_to_wait() {
    let connections = load();
    let mut single = tokio::runtime::Builder::new_current_thread();
    let mut multi = tokio::runtime::Builder::new_multi_thread();
    for builder in [&mut single, multi.worker_threads(1)] {
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async { is_refused_everywhere(&connections) });
        let spawned = connections.clone();
        let task = runtime.spawn(async move { is_refused_everywhere(&spawned) });
        runtime.block_on(task).unwrap();
    }
    // Nothing was harmed.
    let db = connections.get::<Sqlite>("db").unwrap();
    assert_eq!(answer(&db).unwrap(), 42);
}

#[test]
fn a_task_on_the_threads_of_the_connections_is_told_as_well() {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    let inner = connections.clone();
    db.call(|_client| async move {
        let task = tokio::spawn(async move { is_refused_everywhere(&inner) });
        task.await.unwrap();
        Ok::<_, Error>(())
    })
    .unwrap();
}

#[tokio::test]
async fn threads_made_for_waiting_may_wait() {
    let answered = tokio::task::spawn_blocking(|| {
        let connections = load();
        let db = connections.get::<Sqlite>("db").unwrap();
        answer(&db)
    });
    assert_eq!(answered.await.unwrap().unwrap(), 42);
}

#[test]
fn a_thread_that_has_entered_a_runtime_may_wait() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    assert_eq!(answer(&db).unwrap(), 42);
}

#[test]
fn a_call_within_a_call_is_fine() {
    let connections = load();
    let db = connections.get::<Sqlite>("db").unwrap();
    let inner = db.clone();
    let answered = db.call(|_client| async move { answer(&inner) });
    assert_eq!(answered.unwrap(), 42);
}
