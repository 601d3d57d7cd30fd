//! When a secret in use has another value. Time is paused: the looks at files follow each other at once.

use std::fs;
use std::sync::Mutex;
use std::time::Duration;

use connreg::{Backend, ConnectError, Connections, Context, ErrorKind, Secret, connection};
use tokio::time::{Instant, sleep, timeout};

use crate::providers::{Vault, builder, folder, load, one, password};

/// The connections whose secrets change within a minute.
async fn changed(connections: &Connections) -> String {
    let changed = timeout(Duration::from_mins(1), connections.secret_changed());
    changed.await.unwrap_or_default().join(" ")
}

#[tokio::test(start_paused = true)]
async fn a_file_with_a_new_secret_is_noticed() {
    let folder = folder(
        "  a: {type: safe, password: '${file:one}'}
  b: {type: safe, password_file: two, token: '${file:one}'}
  c: {type: safe, password: plain, host: '${file:three}'}\n",
    )
    .file("one", "1")
    .file("two", "2")
    .file("three", "3");
    let connections = builder(&folder).load().await.expect("it is right");
    assert_eq!(changed(&connections).await, "");
    // The same value, written anew or with another line break, is no change.
    let folder = folder.file("one", "1\n");
    assert_eq!(changed(&connections).await, "");
    let folder = folder.file("two", "2nd");
    assert_eq!(changed(&connections).await, "b");
    // Until somebody loads it.
    assert_eq!(changed(&connections).await, "b");
    let folder = folder.file("one", "1st");
    assert_eq!(changed(&connections).await, "a b");
    let connections = builder(&folder).load().await.expect("it is right");
    assert_eq!(changed(&connections).await, "");
    let folder = folder.file("three", "3rd");
    assert_eq!(changed(&connections).await, "c");
    drop(folder);
}

#[tokio::test(start_paused = true)]
async fn a_change_before_the_watch_begins_is_not_missed() {
    let folder = one("password: ${file:pw}").file("pw", "1");
    let connections = builder(&folder).load().await.expect("it is right");
    let folder = folder.file("pw", "2");
    let started = Instant::now();
    assert_eq!(changed(&connections).await, "s");
    assert!(started.elapsed() < Duration::from_secs(3));
    drop(folder);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_being_replaced_is_left_alone() {
    let folder = one("password: ${file:pw}").file("pw", "1");
    let connections = builder(&folder).load().await.expect("it is right");
    let path = folder.path().join("pw");
    fs::write(&path, "").unwrap();
    assert_eq!(changed(&connections).await, "", "it is empty");
    fs::remove_file(&path).unwrap();
    assert_eq!(changed(&connections).await, "", "it is not there");
    fs::write(&path, b"\xff").unwrap();
    assert_eq!(changed(&connections).await, "", "it is half a character");
    fs::write(&path, "1").unwrap();
    assert_eq!(changed(&connections).await, "", "it is what it was");

    // A file that grows all the time is told when it has stopped.
    let writer = tokio::spawn(async move {
        for length in 2..8 {
            fs::write(&path, "x".repeat(length)).unwrap();
            sleep(Duration::from_millis(700)).await;
        }
    });
    let started = Instant::now();
    assert_eq!(changed(&connections).await, "s");
    assert!(
        started.elapsed() >= Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    writer.await.unwrap();
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn kubernetes_swaps_a_link_in_the_path() {
    use std::os::unix::fs::symlink;

    let folder = one("password: ${file:mount/pw}");
    let mount = folder.path().join("mount");
    fs::create_dir_all(mount.join("..1")).unwrap();
    fs::write(mount.join("..1/pw"), "1").unwrap();
    symlink("..1", mount.join("..data")).unwrap();
    symlink("..data/pw", mount.join("pw")).unwrap();
    let connections = builder(&folder).load().await.expect("it is right");
    assert_eq!(password(&connections), "1");
    assert_eq!(changed(&connections).await, "");

    fs::create_dir(mount.join("..2")).unwrap();
    fs::write(mount.join("..2/pw"), "2").unwrap();
    symlink("..2", mount.join("..next")).unwrap();
    fs::rename(mount.join("..next"), mount.join("..data")).unwrap();
    assert_eq!(changed(&connections).await, "s");
    let connections = builder(&folder).load().await.expect("it is right");
    assert_eq!(password(&connections), "2");
}

#[tokio::test(start_paused = true)]
async fn a_provider_tells_which_secrets_have_changed() {
    let folder = folder(
        "  a: {type: safe, password: '${vault:one}'}
  b: {type: safe, password: '${vault:two}', token: '${vault:one}'}
  c: {type: safe, password: '${linked:x}'}\n",
    );
    let vault = Vault::holding(&[("one", "1"), ("two", "2")]);
    let connections = load(&folder, &vault).await.expect("it is right");
    assert_eq!(changed(&connections).await, "");
    let version = || Some("v1".to_owned());
    let mut known = vault.known();
    known.sort_unstable();
    assert_eq!(
        known,
        [("one".to_owned(), version()), ("two".to_owned(), version())]
    );
    vault.tell(&["two"]);
    assert_eq!(changed(&connections).await, "b");
    vault.tell(&[]);
    assert_eq!(changed(&connections).await, "a b");
    vault.tell(&["nobody's"]);
    assert_eq!(changed(&connections).await, "");
    vault.tell(&["panic"]);
    assert_eq!(changed(&connections).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_renewed_before_it_ends() {
    let vault = Vault::holding(&[("pw", "1")]);
    vault.lease(Duration::from_hours(1));
    let connections = load(&one("password: ${vault:pw}"), &vault)
        .await
        .expect("it is right");
    let started = Instant::now();
    assert_eq!(connections.secret_changed().await.join(" "), "s");
    let minutes = started.elapsed().as_secs() / 60;
    assert!((41..=46).contains(&minutes), "{minutes}");
    // Nobody has loaded it anew: it is told again, and not at once.
    let started = Instant::now();
    assert_eq!(connections.secret_changed().await.join(" "), "s");
    assert!(
        started.elapsed() >= Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_secret_nothing_changes() {
    let connections = builder(&one("password: x"))
        .load()
        .await
        .expect("it is right");
    assert_eq!(changed(&connections).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_reload_replaces_what_has_a_new_secret_and_nothing_else() {
    let folder = folder(
        "  a: {type: safe, password: '${file:one}'}
  s: {type: safe, password: '${vault:two}', token: '${file:one|none}'}
  c: {type: safe, password: '${vault:three}'}\n",
    )
    .file("one", "1");
    let vault = Vault::holding(&[("two", "2"), ("three", "3")]);
    vault.lease(Duration::from_hours(1));
    let connections = load(&folder, &vault).await.expect("it is right");
    let folder = folder.file("one", "1st");
    assert_eq!(changed(&connections).await, "a s");
    let report = connections.reload().await.expect("it is right");
    assert_eq!(report.changed, ["a", "s"]);
    assert_eq!(report.unchanged, ["c"]);
    // What is good for longer was not asked for again.
    assert_eq!(vault.asked(), ["three", "two"]);

    vault.put("two", "2nd");
    vault.tell(&["two"]);
    assert_eq!(changed(&connections).await, "s");
    let report = connections.reload().await.expect("it is right");
    assert_eq!(report.changed, ["s"]);
    assert_eq!(password(&connections), "2nd");
    assert_eq!(vault.asked(), ["three", "two", "two"]);
    assert_eq!(changed(&connections).await, "");
    drop(folder);
}

#[tokio::test(start_paused = true)]
async fn a_watch_reloads_what_a_provider_has_changed() {
    let folder = one("password: ${vault:pw}");
    let vault = Vault::holding(&[("pw", "1")]);
    let connections = load(&folder, &vault).await.expect("it is right");
    let mut watch = connections.watch();
    vault.put("pw", "2");
    vault.tell(&["pw"]);
    let report = watch.next().await.expect("it goes on");
    assert_eq!(report.expect("it is right").changed, ["s"]);
    assert_eq!(password(&connections), "2");
}

/// A server that lets in whoever knows its password, which is the one in [`LET_IN`].
#[connection(type = "guarded", category = "test")]
pub(crate) struct Guarded {
    /// What it opens with.
    password: Secret,
}

static LET_IN: Mutex<&str> = Mutex::new("");

impl Backend for Guarded {
    type Client = ();

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        if self.password.expose() == *LET_IN.lock().unwrap() {
            return Ok(());
        }
        Err(ConnectError::new(ErrorKind::Authentication, "not let in"))
    }

    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotated_secret_is_picked_up_when_the_old_one_is_refused() {
    let folder = folder("  s: {type: guarded, password: '${vault:pw}'}\n");
    let vault = Vault::holding(&[("pw", "first")]);
    // Good for long: it is not asked for again without a reason.
    vault.lease(Duration::from_hours(24));
    *LET_IN.lock().unwrap() = "first";
    let connections = load(&folder, &vault).await.expect("it is right");
    let handle = connections.get::<Guarded>("s").unwrap();
    handle.client().await.unwrap();

    // Nobody reloads, and nobody watches.
    vault.put("pw", "second");
    *LET_IN.lock().unwrap() = "second";
    let rotated = Instant::now();
    let error = handle.reconnect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "told at once");
    while handle.reconnect().await.is_err() {
        assert!(rotated.elapsed() < Duration::from_secs(1), "not picked up");
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(vault.asked(), ["pw", "pw"]);

    // What else has changed in the configuration waits for somebody who loads it.
    vault.put("pw", "third");
    *LET_IN.lock().unwrap() = "third";
    let more = "connections:\n  s: {type: guarded, password: '${vault:pw}'}\n  t: {type: safe}\n";
    let folder = folder.file("connections.yaml", more);
    handle.reconnect().await.unwrap_err();
    sleep(Duration::from_mins(1)).await;
    handle.reconnect().await.unwrap_err();
    assert_eq!(connections.list().len(), 1);
    connections.reload().await.unwrap();
    handle.client().await.unwrap();
    drop(folder);
}
