//! `check`: what it finds, where it tells, and how it ends.

use crate::program::Folder;

const GOOD: &str = "db: { sqlite: { path: ':memory:' }, memory: {} }\n";
const BAD: &str = "\
db:
  sqlite:
    pth: shop.db
  sessions:
    type: memory
    pool_size: nine
";

#[test]
fn all_is_well() {
    let ran = Folder::new(GOOD).run("check").ended(0);
    assert_eq!(ran.out, "2 connections in 1 file, no mistakes\n");
    assert_eq!(ran.err, "");
}

#[test]
fn every_mistake_is_told_and_the_exit_code_says_so() {
    let ran = Folder::new(BAD).run("check").ended(78);
    for part in [
        "application.yaml:3:5",
        "application.yaml:6:16",
        "pth",
        "path",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran:#?}");
    }
}

#[test]
fn json_goes_to_standard_output_alone() {
    let ran = Folder::new(BAD).run("check --format json").ended(78);
    assert_eq!(ran.err, "");
    let found = ran.json();
    let errors: Vec<_> = found["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|found| found["severity"] == "error")
        .collect();
    let [unknown, wrong] = errors[..] else {
        panic!("{found:#}")
    };
    assert_eq!(unknown["code"], "CR0301");
    assert_eq!(unknown["key"], "db.sqlite.pth");
    assert_eq!(unknown["file"], "config/application.yaml");
    assert_eq!(
        (&unknown["line"], &unknown["column"]),
        (&3.into(), &5.into())
    );
    assert!(unknown["help"].as_str().expect("help").contains("path"));
    assert_eq!((&wrong["line"], &wrong["column"]), (&6.into(), &16.into()));
}

#[test]
fn warnings_fail_where_they_are_denied() {
    let folder = Folder::new("db: { memory: { pool_size: 5 } }\n");
    let ran = folder.run("check").ended(0);
    assert!(ran.out.contains("warning"), "{ran:#?}");
    assert!(
        ran.out.ends_with("1 connection in 1 file, 1 warning\n"),
        "{ran:#?}"
    );
    folder.run("check --deny-warnings").ended(78);
}

#[test]
fn online_opens_what_is_well_configured() {
    let folder = Folder::new("db: { memory: {}, redis: { host: 127.0.0.1, port: 1 } }\n");
    let ran = folder.run("check --online").ended(1);
    assert!(ran.out.contains("refused"), "{ran:#?}");
    folder.run("check").ended(0);
}

#[test]
fn other_commands_tell_mistakes_on_standard_error() {
    for command in ["list", "ping", "budget", "list --format json"] {
        let ran = Folder::new(BAD).run(command).ended(78);
        assert_eq!(ran.out, "", "{command}");
        assert!(
            ran.err.contains("application.yaml:3:5"),
            "{command}: {ran:#?}"
        );
    }
}

#[test]
fn a_profile_is_chosen() {
    let folder = Folder::new(GOOD);
    folder.write(
        "config/application-test.yaml",
        "db: { sqlite: { path: [] } }\n",
    );
    folder.run("check").ended(0);
    folder.run("check --profile test").ended(78);
}

#[test]
fn no_secret_is_told() {
    let folder =
        Folder::new("db: { postgres: { pasword: hunter2hunter2, database: a, username: a } }\n");
    for command in [
        "check",
        "check --format json",
        "check --color always",
        "list",
    ] {
        let ran = folder.run(command).ended(78);
        assert!(!format!("{ran:?}").contains("hunter2"), "{ran:#?}");
    }
}

#[test]
fn what_is_not_there_may_be_let_pass() {
    let folder = Folder::new("db: { sqlite: { path: '${NOT_SET}', pool_size: '${NOT_SET}' } }\n");
    let ran = folder.run("check").ended(78);
    assert!(ran.out.contains("NOT_SET"), "{ran:#?}");
    let ran = folder.run("check --no-env").ended(0);
    assert_eq!(ran.out, "1 connection in 1 file, no mistakes\n");
    // Mistakes are still found.
    let folder = Folder::new("db: { sqlite: { path: '${NOT_SET}', wall: true } }\n");
    let ran = folder.run("check --no-env").ended(78);
    assert!(ran.out.contains("wal"), "{ran:#?}");
}

#[test]
fn diagnostics_and_connections_are_one_document() {
    let folder = Folder::new("db: { memory: { pool_size: 5 } }\n");
    let told = folder.run("check --online --format json").ended(0).json();
    assert_eq!(told["diagnostics"][0]["severity"], "warning");
    assert_eq!(told["ping"]["connections"][0]["healthy"], true);
}
