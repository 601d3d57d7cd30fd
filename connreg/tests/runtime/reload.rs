//! Reloading: all or nothing, without a handle noticing more than a new client.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::scripted::{Behaviour, CLOSED, Call, SOON, Scripted, faults_of, settles};
use connreg::{Backend, ConnectError, Connections, Context, ErrorKind, State, connection};
use tokio::time::timeout;

/// Another type, for names that change theirs.
#[connection(type = "other", category = "test")]
struct Other {}

impl Backend for Other {
    type Client = ();

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check((): &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// A folder with one configuration file.
struct Folder(PathBuf);

impl Folder {
    fn new(content: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("connreg-reload-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder");
        let folder = Self(path);
        folder.write(content);
        folder
    }

    fn write(&self, content: &str) {
        // As deployments do it: nobody sees half a file.
        let new = self.0.join("new");
        fs::write(&new, content).expect("a file");
        fs::rename(new, self.0.join("connections.yaml")).expect("it takes the old one's place");
    }

    async fn load(&self) -> Connections {
        let builder = Connections::builder().directory(&self.0);
        builder
            .environment([("", ""); 0])
            .load()
            .await
            .expect("the file is right")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One connection, `db`, that follows `script`; `more` is further lines of it.
fn db(script: &str, more: &str) -> String {
    format!("connections:\n  db:\n    type: scripted\n    script: {script}\n    {more}\n")
}

#[tokio::test]
async fn what_is_as_before_keeps_its_client() {
    let folder = Folder::new(&db("same", "tags: [a]"));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    handle.client().await.unwrap();
    // Another order, spelling and comments say the same.
    folder.write(
        "connections:\n  DB: # the one\n    Script: same\n    tags: [a]\n    type: scripted\n",
    );
    let report = connections.reload().await.unwrap();
    assert!(report.is_unchanged(), "{report}");
    assert_eq!(report.unchanged, ["db"]);
    assert_eq!(faults_of("same").calls(Call::Open), 1);
}

#[tokio::test]
async fn a_changed_connection_is_swapped_under_its_handles() {
    let folder = Folder::new(&db("before", ""));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    let old = handle.client().await.unwrap();
    let mut events = connections.events();
    folder.write(&db("after", ""));
    let report = connections.reload().await.unwrap();
    assert_eq!(report.to_string(), "changed: db; 0 unchanged");
    let new = handle.client().await.unwrap();
    assert_eq!((old.1.as_str(), new.1.as_str()), ("before", "after"));
    assert_eq!(handle.settings().script, "after");
    assert_eq!(handle.state(), State::Connected);
    assert_eq!(faults_of("before").calls(Call::Close), 0, "still in use");
    drop(old);
    settles(&faults_of("before"), 0).await;
    assert_eq!(faults_of("before").calls(Call::Close), 1);
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        assert_eq!(&*event.connection, "db");
        told.push(event.kind.as_str());
    }
    assert_eq!(told, ["opened", "reloaded"]);
}

#[tokio::test]
async fn a_mistake_changes_nothing() {
    let folder = Folder::new(&db("mistaken", ""));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    handle.client().await.unwrap();
    for (content, place) in [
        (
            "connections:\n  db:\n    type: scripted\n    script: \"mist",
            "connections.yaml:4:13",
        ),
        (&*db("mistaken", "pool_size: many"), "connections.yaml:5:16"),
    ] {
        folder.write(content);
        let error = connections.reload().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(place), "{error}");
        assert_eq!(handle.client().await.unwrap().0.number, 0);
    }
    folder.write(&db("mistaken", ""));
    assert!(connections.reload().await.unwrap().is_unchanged());
}

#[tokio::test]
async fn what_cannot_be_opened_changes_nothing() {
    let two = |a: &str, b: &str| {
        format!(
            "connections:\n  a: {{type: scripted, script: {a}}}\n  b: {{type: scripted, script: {b}}}\n"
        )
    };
    let folder = Folder::new(&two("a1", "b1"));
    let connections = folder.load().await;
    let a = connections.get::<Scripted>("a").unwrap();
    let b = connections.get::<Scripted>("b").unwrap();
    a.client().await.unwrap();
    b.client().await.unwrap();
    faults_of("b2").set_all(Behaviour::refuse());
    folder.write(&two("a2", "b2"));
    let error = connections.reload().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(error.connection(), Some("b"));
    assert_eq!(a.client().await.unwrap().1, "a1");
    assert_eq!(b.client().await.unwrap().1, "b1");
    assert_eq!((a.state(), b.state()), (State::Connected, State::Connected));
    settles(&faults_of("a2"), 0).await;
    assert_eq!(faults_of("a2").calls(Call::Open), 1);

    faults_of("b2").set_all(Behaviour::work());
    assert_eq!(connections.reload().await.unwrap().changed, ["a", "b"]);
    assert_eq!(b.client().await.unwrap().1, "b2");
}

#[tokio::test]
async fn removed_added_and_retyped_connections_say_so() {
    let folder = Folder::new(
        "connections:\n  gone: {type: scripted, script: gone}\n  turned: {type: scripted, script: turned}\n",
    );
    let connections = folder.load().await;
    let gone = connections.get::<Scripted>("gone").unwrap();
    let turned = connections.get::<Scripted>("turned").unwrap();
    gone.client().await.unwrap();
    folder.write("connections:\n  turned: {type: other}\n  fresh: {type: other}\n");
    let report = connections.reload().await.unwrap();
    assert_eq!(
        (report.removed, report.added),
        (vec!["gone".to_owned()], vec!["fresh".to_owned()])
    );
    assert_eq!(report.changed, ["turned"]);
    let error = gone.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().contains("removed by a reload"), "{error}");
    assert!(connections.get_any("gone").is_err());
    settles(&faults_of("gone"), 0).await;
    let error = turned.client().await.unwrap_err();
    assert!(error.to_string().contains("another type"), "{error}");
    connections
        .get::<Other>("turned")
        .unwrap()
        .client()
        .await
        .unwrap();
    connections
        .get::<Other>("fresh")
        .unwrap()
        .client()
        .await
        .unwrap();
    assert_eq!(connections.list(), ["turned", "fresh"]);
}

#[tokio::test]
async fn policies_change_without_a_new_client_and_pools_with_one() {
    let folder = Folder::new(&db("policies", "tags: [old]"));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    handle.client().await.unwrap();
    folder.write(&db("policies", "tags: [new]"));
    assert_eq!(connections.reload().await.unwrap().changed, ["db"]);
    assert_eq!(handle.info().tags, ["new"]);
    assert_eq!(handle.client().await.unwrap().0.number, 0);
    folder.write(&db("policies", "connect_timeout: 3s"));
    assert_eq!(connections.reload().await.unwrap().changed, ["db"]);
    assert_eq!(handle.client().await.unwrap().0.number, 1);
}

#[tokio::test]
async fn whoever_uses_a_changed_connection_is_opened_anew_on_the_new_one() {
    let two = |lower: &str| {
        format!(
            "connections:\n  lower: {{type: scripted, script: {lower}}}\n  \
             upper: {{type: scripted, script: above, needs: lower}}\n"
        )
    };
    let folder = Folder::new(&two("lower1"));
    let connections = folder.load().await;
    let upper = connections.get::<Scripted>("upper").unwrap();
    upper.client().await.unwrap();
    folder.write(&two("lower2"));
    assert_eq!(
        connections.reload().await.unwrap().changed,
        ["lower", "upper"]
    );
    assert_eq!(upper.client().await.unwrap().0.number, 1);
    assert_eq!(faults_of("lower1").calls(Call::Open), 1);
    assert_eq!(
        faults_of("lower2").calls(Call::Open),
        1,
        "one client for both"
    );
    let lower = connections.get::<Scripted>("lower").unwrap();
    assert_eq!(lower.client().await.unwrap().1, "lower2");
    assert_eq!(faults_of("lower2").calls(Call::Open), 1);
    settles(&faults_of("lower1"), 0).await;
    // What was opened by way of the reload closes in its order too.
    connections.close().await;
    let closed = CLOSED.lock().unwrap().clone();
    let at = |name: &str| closed.iter().rposition(|closed| closed == name).unwrap();
    assert!(at("above") < at("lower2"), "{closed:?}");
}

#[tokio::test]
async fn what_nobody_has_opened_stays_so() {
    let folder = Folder::new(&db("lazy1", ""));
    let connections = folder.load().await;
    folder.write(&db("lazy2", ""));
    assert_eq!(connections.reload().await.unwrap().changed, ["db"]);
    assert_eq!(faults_of("lazy2").calls(Call::Open), 0);
    let handle = connections.get::<Scripted>("db").unwrap();
    assert_eq!(handle.state(), State::Initialized);
    assert_eq!(handle.client().await.unwrap().1, "lazy2");
}

#[tokio::test]
async fn those_who_wait_for_the_old_one_get_the_new_one() {
    let folder = Folder::new(&db("stuck", ""));
    let connections = folder.load().await;
    faults_of("stuck").set_all(Behaviour::hang());
    let handle = connections.get::<Scripted>("db").unwrap();
    let user = tokio::spawn({
        let handle = handle.clone();
        async move { handle.client().await.map(|client| client.1.clone()) }
    });
    let mut states = handle.watch();
    states
        .wait_for(|state| *state == State::Connecting)
        .await
        .unwrap();
    folder.write(&db("unstuck", ""));
    connections.reload().await.unwrap();
    assert_eq!(
        timeout(SOON, user).await.unwrap().unwrap().unwrap(),
        "unstuck"
    );
}

#[tokio::test]
async fn a_connection_that_failed_is_tried_at_once_with_new_settings() {
    let folder = Folder::new(&db("wrong", ""));
    let connections = folder.load().await;
    faults_of("wrong").set_all(Behaviour::reject());
    let handle = connections.get::<Scripted>("db").unwrap();
    assert_eq!(
        handle.client().await.unwrap_err().kind(),
        ErrorKind::Authentication
    );
    // Refused credentials are left alone for a while.
    let error = handle.client().await.unwrap_err();
    assert!(error.to_string().contains("known to be down"), "{error}");
    folder.write(&db("right", ""));
    connections.reload().await.unwrap();
    assert_eq!(handle.client().await.unwrap().1, "right");
}

#[tokio::test]
async fn a_reload_that_is_dropped_changes_nothing_and_leaves_nothing() {
    let folder = Folder::new(&db("kept", ""));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    handle.client().await.unwrap();
    let script = faults_of("dropped_reload");
    script.set_all(Behaviour::wait());
    folder.write(&db("dropped_reload", ""));
    let reload = tokio::spawn({
        let connections = connections.clone();
        async move { connections.reload().await }
    });
    while script.calls(Call::Open) == 0 {
        tokio::task::yield_now().await;
    }
    reload.abort();
    assert!(reload.await.unwrap_err().is_cancelled());
    script.release(1);
    assert_eq!(handle.client().await.unwrap().1, "kept");
    settles(&script, 0).await;
    script.set_all(Behaviour::work());
    connections.reload().await.unwrap();
    assert_eq!(handle.client().await.unwrap().1, "dropped_reload");
}

#[tokio::test]
async fn after_closing_there_is_no_reload() {
    let folder = Folder::new(&db("shut", ""));
    let connections = folder.load().await;
    connections.close().await;
    folder.write(&db("shut_again", ""));
    let error = connections.reload().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_never_fail_while_reloads_come_and_go() {
    static FAILED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let folder = Folder::new(&db("even", ""));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move {
                loop {
                    match handle.client().await {
                        Ok(client) => {
                            tokio::task::yield_now().await;
                            assert!(
                                client.0.open.faults().open_clients() > 0,
                                "closed under its user"
                            );
                        }
                        Err(error) => FAILED.lock().unwrap().push(error.to_string()),
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..20 {
        folder.write(&db(if round % 2 == 0 { "odd" } else { "even" }, ""));
        let (one, two) = tokio::join!(connections.reload(), connections.reload());
        assert_eq!(one.unwrap().changed, ["db"], "round {round}");
        assert!(two.unwrap().is_unchanged());
    }
    for caller in callers {
        caller.abort();
        assert!(
            caller.await.unwrap_err().is_cancelled(),
            "a caller panicked"
        );
    }
    assert_eq!(*FAILED.lock().unwrap(), [""; 0]);
    connections.close().await;
    settles(&faults_of("odd"), 0).await;
    settles(&faults_of("even"), 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_reloads_once_it_has_been_quiet_and_goes_on_after_mistakes() {
    let folder = Folder::new(&db("watched1", ""));
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    let mut watcher = connections.watch();
    folder.write("connections: [half");
    let error = timeout(SOON, watcher.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(handle.client().await.unwrap().1, "watched1");
    let written = tokio::time::Instant::now();
    folder.write(&db("watched2", ""));
    let report = timeout(SOON, watcher.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(report.changed, ["db"]);
    let took = written.elapsed();
    assert!(
        took >= Duration::from_secs(4) && took <= Duration::from_secs(6),
        "{took:?}"
    );
    assert_eq!(handle.client().await.unwrap().1, "watched2");
    // A new file counts, too.
    fs::write(
        folder.0.join("application.yaml"),
        "connections: {more: {type: other}}",
    )
    .unwrap();
    let report = timeout(SOON, watcher.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(report.added, ["more"]);
    drop(watcher);
    folder.write(&db("watched3", ""));
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(handle.client().await.unwrap().1, "watched2");
    let mut watcher = connections.watch();
    // What has changed meanwhile is found as well.
    let report = timeout(SOON, watcher.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(report.changed, ["db"]);
    connections.close().await;
    assert!(timeout(SOON, watcher.next()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_the_server_refuses_is_tried_three_times() {
    let folder = Folder::new(&db("${file:credential}", ""));
    fs::write(folder.0.join("credential"), "accepted").unwrap();
    let connections = folder.load().await;
    let handle = connections.get::<Scripted>("db").unwrap();
    handle.client().await.unwrap();
    let refused = faults_of("refused_credential");
    refused.set_all(Behaviour::reject());
    let mut watcher = connections.watch();
    fs::write(folder.0.join("credential"), "refused_credential").unwrap();
    for _ in 0..3 {
        let minutes = Duration::from_mins(10);
        let error = timeout(minutes, watcher.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
    }
    assert!(
        timeout(Duration::from_hours(1), watcher.next())
            .await
            .is_err()
    );
    assert_eq!(refused.calls(Call::Open), 3);
    assert_eq!(
        handle.client().await.unwrap().1,
        "accepted",
        "the old one goes on"
    );
    fs::write(folder.0.join("credential"), "accepted_again").unwrap();
    let minutes = Duration::from_mins(10);
    let report = timeout(minutes, watcher.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(report.changed, ["db"]);
    assert_eq!(handle.client().await.unwrap().1, "accepted_again");
}
