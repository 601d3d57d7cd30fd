//! `init`: what it writes passes the check, for every type, and nothing is written over.

use connreg::Registry;
use connreg_backends as _;

use crate::program::Folder;

#[test]
fn what_it_writes_passes_the_check_for_every_type() {
    for kind in Registry::linked().expect("no clash of names").types() {
        let folder = Folder::empty();
        let ran = folder.run(&format!("init {kind}")).ended(0);
        assert_eq!(ran.out, "");
        assert!(ran.err.contains("connections.yaml"), "{ran:#?}");
        let written = folder.read("config/connections.yaml");
        let ran = folder.run("check --no-env --deny-warnings").ended(0);
        assert_eq!(
            ran.out, "1 connection in 1 file, no mistakes\n",
            "{written}"
        );
        for setting in kind.settings() {
            assert!(
                written.contains(&format!("{}:", setting.name)),
                "{setting:?}\n{written}"
            );
        }
    }
}

#[test]
fn every_type_at_once_with_names_of_their_own() {
    let folder = Folder::empty();
    folder
        .run("init orders=postgres reports=PostgreSQL cache=redis files=sqlite memory --schema")
        .ended(0);
    let listed = folder.run("list --format json").ended(0).json();
    let names: Vec<_> = listed["connections"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["orders", "reports", "cache", "files", "memory"]);
    let written = folder.read("config/connections.yaml");
    assert!(
        written.starts_with("# yaml-language-server: $schema=./connreg.schema.json\n"),
        "{written}"
    );
    assert!(
        folder
            .read("config/connreg.schema.json")
            .contains("json-schema.org")
    );
}

#[test]
fn secrets_are_placeholders_for_variables() {
    let written = Folder::empty()
        .run("init orders=postgres --stdout")
        .ended(0)
        .out;
    assert!(
        written.contains("#password: \"${ORDERS_PASSWORD}\"\n"),
        "{written}"
    );
}

#[test]
fn nothing_is_written_over_unless_that_is_asked_for() {
    let folder = Folder::empty();
    folder.run("init sqlite").ended(0);
    let before = folder.read("config/connections.yaml");
    let ran = folder.run("init redis").ended(2);
    assert!(ran.err.contains("--force"), "{ran:#?}");
    assert_eq!(folder.read("config/connections.yaml"), before);
    folder.run("init redis --force").ended(0);
    assert_ne!(folder.read("config/connections.yaml"), before);
}

#[test]
fn without_types_and_without_anybody_to_ask_it_says_so() {
    let ran = Folder::empty().run("init").ended(2);
    assert!(ran.err.contains("postgres"), "{ran:#?}");
    for command in [
        "init oracle",
        "init redis redis",
        "init a.b=redis",
        "init =redis",
    ] {
        let folder = Folder::empty();
        folder.run(command).ended(2);
        assert!(!folder.path().join("config").exists(), "{command}");
    }
}

#[test]
fn uncommenting_any_one_setting_leaves_readable_yaml() {
    let folder = Folder::empty();
    for kind in Registry::linked().expect("no clash of names").types() {
        let written = folder.run(&format!("init {kind} --stdout")).ended(0).out;
        let connection = written
            .split("# Settings that every connection has")
            .next()
            .expect("text");
        for (index, line) in connection.lines().enumerate() {
            let Some(setting) = line
                .strip_prefix("    #")
                .filter(|rest| !rest.starts_with(' '))
            else {
                continue;
            };
            let mut lines: Vec<String> = connection.lines().map(str::to_owned).collect();
            lines[index] = format!("    {setting}");
            let fresh = Folder::new("");
            fresh.write("config/connections.yaml", &lines.join("\n"));
            let found = fresh.run("check --no-env --format json").json();
            for found in found["diagnostics"].as_array().expect("a list") {
                // Syntax, shape and keys are right; what does not go with the rest may be told.
                let code = found["code"].as_str().expect("a code");
                assert!(
                    !["CR01", "CR02", "CR03"]
                        .iter()
                        .any(|family| code.starts_with(family)),
                    "{line}: {found:#}"
                );
            }
        }
    }
}
