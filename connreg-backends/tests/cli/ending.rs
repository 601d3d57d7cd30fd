//! How the program ends when it is used wrongly, left alone, or told to stop.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::program::Folder;

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let folder = Folder::new("db: { memory: {} }\n");
    for command in [
        "",
        "chek",
        "check --nothing",
        "ping --timeout soon",
        "ping --interval 1s",
        "budget --replicas 0",
        "check --config nowhere",
        "ping nobody",
    ] {
        let ran = folder.run(command).ended(2);
        assert_eq!(ran.out, "", "{command}");
        assert!(!ran.err.is_empty(), "{command}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::empty();
    let ran = folder.run("--help").ended(0);
    assert!(
        ran.out.contains("Exit codes:") && ran.err.is_empty(),
        "{ran:#?}"
    );
    assert_eq!(
        folder.run("--version").ended(0).out,
        format!("connreg {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn nothing_configured_is_told() {
    let folder = Folder::new("");
    for command in ["list", "ping", "budget"] {
        let ran = folder.run(command).ended(0);
        assert_eq!(ran.out, "");
        assert!(
            ran.err.contains("no connection is configured in `config`"),
            "{command}: {ran:#?}"
        );
    }
}

#[test]
fn a_folder_without_configuration_is_invalid() {
    let ran = Folder::empty().run("check").ended(78);
    assert!(ran.out.contains("no configuration file"), "{ran:#?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::empty();
    let mut child = folder
        .command(&["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn watching_ends_when_nobody_reads() {
    let folder = Folder::new("db: { memory: {} }\n");
    let mut child = watch(&folder);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let told: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
    assert_eq!(told["healthy"], true);
    drop(out);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn ctrl_c_ends_watching() {
    let folder = Folder::new("db: { memory: {} }\n");
    let mut child = watch(&folder);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    out.read_line(&mut String::new()).expect("a line");
    interrupt(&child);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("lines");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
    assert!(
        rest.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{rest}"
    );
}

#[test]
fn ctrl_c_ends_a_wait_for_a_silent_server() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let folder = Folder::new(&format!(
        "db: {{ redis: {{ host: 127.0.0.1, port: {port}, connect_timeout: 100s }} }}\n"
    ));
    let child = folder
        .command(&["ping"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // It listens for Ctrl-C before it connects.
    let _called = silent.accept().expect("a caller");
    interrupt(&child);
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
}

fn watch(folder: &Folder) -> Child {
    let mut command =
        folder.command(&["ping", "--watch", "--interval", "10ms", "--format", "json"]);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}
