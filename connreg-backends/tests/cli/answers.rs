//! What commands answer that connect to nothing.

use std::io::Write as _;
use std::process::{Command, Stdio};

use connreg::{Registry, schema};
use connreg_backends as _;

use crate::program::{Folder, finish};

const CONFIGURATION: &str = "\
db:
  sqlite: { path: shop.db, tags: [shop] }
  sessions: { type: memory, required: false, lazy: false }
";

#[test]
fn list_tells_name_type_and_place() {
    let ran = Folder::new(CONFIGURATION).run("list").ended(0);
    let lines: Vec<Vec<&str>> = ran
        .out
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        lines[1],
        [
            "sqlite",
            "sqlite",
            "db",
            "yes",
            "at first use",
            "shop",
            "config/application.yaml:2:3"
        ]
    );
    assert_eq!(
        lines[2],
        [
            "sessions",
            "memory",
            "db",
            "no",
            "at the start",
            "config/application.yaml:3:3"
        ]
    );
    assert_eq!(ran.err, "");
}

#[test]
fn list_takes_filters_and_speaks_json() {
    let folder = Folder::new(CONFIGURATION);
    let listed = folder.run("list --tag shop --format json").ended(0).json();
    assert_eq!(listed["connections"].as_array().expect("a list").len(), 1);
    let sqlite = &listed["connections"][0];
    assert_eq!(
        (&sqlite["name"], &sqlite["line"]),
        (&"sqlite".into(), &2.into())
    );
    let listed = folder
        .run("list --type memory --format json")
        .ended(0)
        .json();
    assert_eq!(listed["connections"][0]["lazy"], false);
    folder.run("list --type oracle").ended(2);
}

#[test]
fn types_tells_every_type_and_every_setting() {
    let folder = Folder::empty();
    let ran = folder.run("types").ended(0);
    let json = folder.run("types --format json").ended(0).json();
    for kind in Registry::linked().expect("no clash of names").types() {
        assert!(ran.out.contains(kind.name()), "{ran:#?}");
        let one = folder.run(&format!("types {kind}")).ended(0);
        let told = json["types"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|told| told["name"] == kind.name())
            .expect("the type");
        assert_eq!(told["feature"], kind.name());
        for setting in kind.settings() {
            assert!(one.out.contains(setting.name), "{setting:?}: {one:#?}");
            let settings = told["settings"].as_array().expect("a list");
            assert!(
                settings.iter().any(|told| told["key"] == setting.name),
                "{setting:?}"
            );
        }
    }
    let common = folder.run("types --common").ended(0);
    assert!(common.out.contains("pool.max_size"), "{common:#?}");
}

#[test]
fn an_unknown_type_is_told_with_the_nearest() {
    let ran = Folder::empty().run("types postgers").ended(2);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("did you mean `postgres`?"), "{ran:#?}");
}

#[test]
fn markdown_is_a_table() {
    let ran = Folder::new(CONFIGURATION)
        .run("list --format markdown")
        .ended(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("| name | type |"), "{ran:#?}");
    assert!(lines[1].starts_with("|---|---|"), "{ran:#?}");
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with('|') && line.ends_with('|')),
        "{ran:#?}"
    );
}

#[test]
fn schema_is_that_of_the_library() {
    let folder = Folder::empty();
    let told = folder.run("schema").ended(0).json();
    assert_eq!(told, schema::linked().expect("no clash of names"));
    let registry = Registry::linked().expect("no clash of names");
    let whole = schema::Schema::new(registry)
        .whole()
        .connections_only()
        .to_json();
    let ran = folder
        .run("schema --whole --connections-only -o schema.json")
        .ended(0);
    assert_eq!(ran.out, "");
    let written: serde_json::Value =
        serde_json::from_str(&folder.read("schema.json")).expect("JSON");
    assert_eq!(written, whole);
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let ran = Folder::empty()
        .run("schema -o missing/schema.json")
        .ended(74);
    assert!(ran.err.contains("missing/schema.json"), "{ran:#?}");
}

#[test]
fn completions_are_scripts() {
    let folder = Folder::empty();
    let bash = folder.run("completions bash").ended(0).out;
    let mut parser = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    parser
        .stdin
        .take()
        .expect("a pipe")
        .write_all(bash.as_bytes())
        .expect("bash reads");
    let parsed = parser.wait_with_output().expect("bash ends");
    assert!(
        parsed.status.success() && parsed.stderr.is_empty(),
        "{parsed:?}"
    );
    assert!(bash.contains("--replicas"), "options are completed");
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        let script = folder.run(&format!("completions {shell}")).ended(0).out;
        assert!(
            script.contains("connreg") && script.contains("budget"),
            "{shell}"
        );
    }
}

#[test]
fn manual_pages_are_pages() {
    let folder = Folder::empty();
    let page = folder.run("man").ended(0).out;
    let groff = |page: &str| {
        let mut groff = Command::new("groff");
        groff
            .args(["-man", "-Tutf8", "-ww", "-z"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        let mut groff = groff.spawn().ok()?;
        groff.stdin.take()?.write_all(page.as_bytes()).ok()?;
        groff.wait_with_output().ok()
    };
    assert!(page.contains(".TH connreg 1"), "{page}");
    let of_ping = folder.run("man ping").ended(0).out;
    assert!(of_ping.contains("\\-\\-watch"), "{of_ping}");
    for page in [page, of_ping] {
        // Where there is no groff, nobody reads manual pages.
        if let Some(read) = groff(&page) {
            assert!(read.status.success() && read.stderr.is_empty(), "{read:?}");
        }
    }
    folder.run("man --all pages").ended(0);
    assert!(folder.read("pages/connreg-check.1").contains(".TH"));
    folder.run("man nothing").ended(2);
}

#[test]
fn colours_are_for_terminals() {
    let folder = Folder::new(CONFIGURATION);
    for command in ["list", "types sqlite", "ping", "check"] {
        assert!(!folder.run(command).out.contains('\u{1b}'), "{command}");
        let coloured = folder.run(&format!("{command} --color always"));
        assert!(coloured.out.contains('\u{1b}'), "{command}: {coloured:#?}");
    }
    let mut command = folder.command(&["types", "nothing", "--color", "never"]);
    assert!(!finish(&mut command).err.contains('\u{1b}'));
}

#[test]
fn explain_tells_each_layer_and_no_secret() {
    let folder = Folder::new(
        "db: { orders: { type: postgres, host: here, username: a, database: a, password: hunter2, pool_size: 5 } }\n",
    );
    let mut command = folder.command(&["explain", "orders.pool_size", "--format", "json"]);
    let told = finish(command.env("CONNREG__ORDERS__POOL_SIZE", "7"))
        .ended(0)
        .json();
    let setting = &told["settings"][0];
    assert_eq!(setting["setting"], "pool.max_size");
    assert_eq!(setting["value"], "7");
    let layers: Vec<_> = setting["layers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|layer| (&layer["layer"], &layer["value"], &layer["won"]))
        .collect();
    assert_eq!(
        layers,
        [
            (&"environment".into(), &"7".into(), &true.into()),
            (&"files".into(), &"5".into(), &false.into()),
            (&"default".into(), &"10".into(), &false.into()),
        ]
    );
    for command in [
        "explain orders",
        "explain orders.password",
        "explain orders.password --format markdown",
    ] {
        let ran = folder.run(command).ended(0);
        assert!(
            !ran.out.contains("hunter2") && ran.out.contains("[set]"),
            "{ran:#?}"
        );
    }
    let ran = folder.run("explain orders.pool_sise").ended(2);
    assert!(ran.err.contains("pool_size"), "{ran:#?}");
}

#[test]
fn every_code_is_explained() {
    let folder = Folder::empty();
    let all = folder.run("explain-error --format json").ended(0).json();
    let codes = all["codes"].as_array().expect("a list");
    assert!(codes.len() > 30, "{}", codes.len());
    let listed = folder.run("explain-error").ended(0).out;
    for code in codes {
        let name = code["code"].as_str().expect("a code");
        assert!(listed.contains(name), "{name}");
        assert!(
            code["text"].as_str().expect("text").len()
                > code["title"].as_str().expect("text").len()
        );
    }
    let one = folder.run("explain-error cr0301").ended(0).out;
    assert!(one.starts_with("CR0301: "), "{one}");
    let ran = folder.run("explain-error CR0391").ended(2);
    assert!(ran.err.contains("did you mean `CR03"), "{ran:#?}");
}
