//! The JSON Schema of all that the back ends and the examples have: every configuration of this repository is
//! accepted, and mistakes in one are not.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use connreg::{Registry, schema};
use connreg_backends as _;
use jsonschema::Validator;
use serde_json::Value;

// The examples' own connection types are in the schema.
#[path = "../../examples/custom_backend/main.rs"]
#[allow(dead_code, unreachable_pub, reason = "its type is what is wanted")]
mod custom_backend;
#[path = "../../connreg/tests/schema/document.rs"]
mod document;
#[path = "../../examples/own_cli/main.rs"]
#[allow(dead_code, unreachable_pub, reason = "its type is what is wanted")]
mod own_cli;
#[path = "../../examples/secret_provider/main.rs"]
#[allow(dead_code, unreachable_pub, reason = "its type is what is wanted")]
mod secret_provider;

/// For files that say all there is to say, as examples do.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let registry = Registry::linked().expect("no clash of names");
    let schema = schema::Schema::new(registry).whole().connections_only();
    jsonschema::draft202012::new(&schema.to_json()).expect("a schema")
});

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files below `folder` of which `wanted` is true.
fn files(folder: &Path, wanted: impl Fn(&Path) -> bool + Copy) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, wanted));
        } else if wanted(&path) {
            found.push(path);
        }
    }
    found
}

fn objections(document: &Value) -> Vec<String> {
    let line =
        |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    SCHEMA.iter_errors(document).map(line).collect()
}

#[track_caller]
fn accepts(what: &str, document: &Value) {
    let objections = objections(document);
    assert!(objections.is_empty(), "{what}\n{}", objections.join("\n"));
}

#[test]
fn configurations_of_examples_are_accepted() {
    let in_config =
        |path: &Path| path.parent().and_then(Path::file_name) == Some(OsStr::new("config"));
    let configurations = files(&repository().join("examples"), in_config);
    assert!(configurations.len() >= 3, "{configurations:?}");
    for path in configurations {
        let document = document::read(&path).unwrap_or_else(|| panic!("{}", path.display()));
        accepts(&path.display().to_string(), &document);
    }
}

#[test]
fn configurations_in_the_documentation_are_accepted() {
    // The wrong examples of the codes are wrong on purpose, and have a test of their own.
    let mut pages = files(&repository().join("docs"), |path| {
        path.extension() == Some(OsStr::new("md"))
            && !path.ends_with("configuration-errors.md")
            && !path.ends_with("comparison-errors.md")
    });
    pages.push(repository().join("README.md"));
    let mut seen = 0;
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page");
        let mut blocks = text.split("\n```").skip(1);
        // Every second fence closes a block.
        while let Some(block) = blocks.next() {
            let _ = blocks.next();
            let Some((language @ ("yaml" | "json"), text)) = block.split_once('\n') else {
                continue;
            };
            let what = format!("{}:\n{text}", page.display());
            let document = document::parse(text, language).unwrap_or_else(|| panic!("{what}"));
            accepts(&what, &document);
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen} configurations");
}

#[test]
fn mistakes_are_refused_at_their_place() {
    for (text, place) in [
        ("db: {postgres: {hots: a}}", "/db/postgres"),
        ("db: {postgres: {port: 65536}}", "/db/postgres/port"),
        (
            "db: {postgres: {ssl_mode: verify-ful}}",
            "/db/postgres/ssl_mode",
        ),
        (
            "db: {postgres: {pool: {max_size: many}}}",
            "/db/postgres/pool/max_size",
        ),
        ("db: {redis: {mode: clusterd}}", "/db/redis/mode"),
        (
            "db: {redis: {socket_timeout: soon}}",
            "/db/redis/socket_timeout",
        ),
        ("db: {redis: {ssl: 1}}", "/db/redis/ssl"),
        ("db: {sqlite: {}}", "/db/sqlite"),
        ("db: {sqlite: {path: [a]}}", "/db/sqlite/path"),
        (
            "db: {sqlite: {path: a, busy_timeout: 601}}",
            "/db/sqlite/busy_timeout",
        ),
        ("db: {memory: {size: 5}}", "/db/memory"),
        ("db: {reporting: {path: a}}", "/db/reporting"),
        ("db: {a: {type: oracle}}", "/db/a/type"),
        ("clock: {a: {type: redis}}", "/clock/a/type"),
        (
            "Connections: {A: {ConnectionType: Daytime}}",
            "/Connections/A",
        ),
        ("vector: {postgres: {}}", "/vector"),
        ("logging: {level: debug}", ""),
    ] {
        let found = objections(&document::from_yaml(text));
        let at = |line: &String| line.starts_with(&format!("{place}: "));
        assert!(found.iter().any(at), "{text}\n{found:#?}");
    }
}

#[test]
fn what_is_not_to_be_seen_is_marked() {
    let schema = schema::linked().expect("no clash of names");
    for (kind, setting) in [
        ("postgres", "password"),
        ("postgres", "connection_string"),
        ("redis", "password"),
        ("redis", "url"),
    ] {
        let setting = &schema["$defs"][format!("type.{kind}")]["properties"][setting];
        assert_eq!(setting["writeOnly"], true, "{kind}: {setting}");
        assert!(
            setting.get("default").or(setting.get("examples")).is_none(),
            "{setting}"
        );
    }
}
