//! What every program does with them.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use connreg::capability::KeyValue;
use connreg::policy::{CallPolicy, Fault};
use connreg::{Error, ErrorKind, EventKind, HealthStatus, State};
use connreg_backends::{Memory, Sqlite};

use crate::{LONG, answer, configured, load};

#[test]
fn a_client_is_used_without_async() -> Result<(), Error> {
    let connections = load();
    assert_eq!(connections.list(), ["db", "cache"]);
    let db = connections.get::<Sqlite>("db")?;
    assert_eq!(db.state(), State::Initialized);
    let client = db.client()?;
    client.wait(client.execute_batch("CREATE TABLE t (n INTEGER)"))?;
    client.wait(client.execute("INSERT INTO t VALUES (?1)", [7]))?;
    let sum: i64 = db.call(|client| async move {
        let row = client.query_one("SELECT sum(n) FROM t", ()).await?;
        row.get(0)
    })?;
    assert_eq!(sum, 7);
    assert_eq!(answer(&db)?, 42);
    db.check()?;
    assert_eq!(db.state(), State::Connected);
    let told = connections.explain("db.path")?;
    assert!(told.to_string().contains(":memory:"), "{told}");
    let report = connections.check()?;
    let of_db = report.connections.iter().find(|it| it.connection == "db");
    assert_eq!(of_db.unwrap().status, HealthStatus::Up);
    drop(client);
    assert!(connections.close()?.is_drained());
    let error = answer(&db).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    Ok(())
}

#[test]
fn a_capability_and_an_unknown_type_are_used_the_same_way() -> Result<(), Error> {
    let connections = load();
    let cache = connections.get_as::<dyn KeyValue>("cache")?;
    let client = cache.client()?;
    client.wait(client.set("basket", b"apples", None))?;
    let kept = cache.run(|client| async move { client.get("basket").await })?;
    assert_eq!(kept.as_deref(), Some(&b"apples"[..]));
    let any = connections.get_any("cache")?;
    any.open()?;
    any.check()?;
    assert_eq!(any.downcast::<Memory>()?.name(), "cache");
    assert_eq!(
        any.downcast::<Sqlite>().unwrap_err().kind(),
        ErrorKind::WrongType
    );
    Ok(())
}

#[test]
fn deadlines_are_kept() -> Result<(), Error> {
    let connections = configured()
        .set("db.operation_timeout", "50ms")
        .load_blocking()?;
    let db = connections.get::<Sqlite>("db")?;
    db.client()?;
    let started = Instant::now();
    let error = db
        .run(|_client| pending::<Result<(), Error>>())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.connection(), Some("db"));
    assert!(started.elapsed() < LONG);
    Ok(())
}

#[test]
fn what_may_be_repeated_is() -> Result<(), Error> {
    let connections = load();
    let db = connections.get::<Sqlite>("db")?;
    let calls = AtomicU32::new(0);
    let policy = CallPolicy::new()
        .idempotent()
        .classify(|_: &Error| Fault::transient());
    let gave = db.run_with(&policy, |client| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move {
            match call {
                0 => client.query_one("SELECT 1 WHERE 0", ()).await?.get(0),
                _ => Ok(call),
            }
        }
    })?;
    assert_eq!(gave, 1);
    let gave: i64 =
        db.run_idempotent(|client| async move { client.query_one("SELECT 5", ()).await?.get(0) })?;
    assert_eq!(gave, 5);
    Ok(())
}

#[test]
fn a_closure_that_panics_leaves_nothing_behind() -> Result<(), Error> {
    let connections = load();
    let db = connections.get::<Sqlite>("db")?;
    for _ in 0..20 {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            db.run(|client| async move {
                assert_eq!(client.query("SELECT 1", ()).await?.len(), 2, "a mistake");
                Ok::<_, Error>(())
            })
        }));
        assert!(panicked.is_err());
    }
    assert_eq!(db.info().executing, 0);
    assert_eq!(answer(&db)?, 42);
    Ok(())
}

#[test]
fn events_are_iterated_over_until_all_is_gone() -> Result<(), Error> {
    let connections = load();
    let events = connections.events();
    let listening = std::thread::spawn(move || {
        let kinds = events.map(|event| event.kind.as_str());
        kinds.collect::<Vec<_>>()
    });
    let db = connections.get::<Sqlite>("db")?;
    db.client()?;
    connections.close()?;
    drop((connections, db));
    let kinds = listening.join().unwrap();
    assert!(kinds.contains(&"opened"), "{kinds:?}");
    assert!(kinds.contains(&"closed"), "{kinds:?}");
    Ok(())
}

#[test]
fn an_event_is_waited_for_no_longer_than_told() -> Result<(), Error> {
    let connections = load();
    let mut events = connections.events();
    assert!(events.next_within(Duration::from_millis(1))?.is_none());
    connections.get::<Sqlite>("db")?.client()?;
    let mut opened = false;
    while !opened {
        let event = events.next_within(LONG)?.expect("it was opened");
        opened = matches!(event.kind, EventKind::Opened);
    }
    drop(connections);
    let gone = loop {
        match events.next_within(LONG) {
            Ok(event) => assert!(event.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(gone.kind(), ErrorKind::Closed, "{gone}");
    Ok(())
}

#[test]
fn a_changed_file_is_reloaded_on_demand_and_by_watching() -> Result<(), Box<dyn std::error::Error>>
{
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("connections.yaml");
    let write = |name: &str| {
        std::fs::write(
            &file,
            format!("connections:\n  {name}:\n    type: memory\n"),
        )
    };
    write("first")?;
    let connections = connreg::blocking::Connections::builder()
        .environment([("", ""); 0])
        .directory(directory.path())
        .load_blocking()?;
    write("second")?;
    connections.reload()?;
    assert_eq!(connections.list(), ["second"]);
    let mut watcher = connections.watch_with(Duration::from_millis(10));
    write("third")?;
    watcher.next().expect("it goes on")?;
    assert_eq!(connections.list(), ["third"]);
    connections.close()?;
    assert!(watcher.next().is_none());
    Ok(())
}
