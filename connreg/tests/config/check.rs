//! Checking without opening, and without what is only there in production.

use crate::folder::{Folder, on_runtime};

/// What a check says, line by line.
fn checked(folder: &Folder, allow_unresolved: bool) -> Vec<String> {
    let mut builder = folder.builder(folder.path());
    if allow_unresolved {
        builder = builder.allow_unresolved();
    }
    let report = on_runtime(builder.check()).expect("the types fit together");
    let lines = report.mistakes().iter();
    lines
        .map(|mistake| folder.plain(&mistake.to_string()))
        .collect()
}

#[test]
fn a_check_tells_everything_and_opens_nothing() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db:\n  pg: {port: 99999, lazy: false, hots: x}\n",
        )
        .file("application-prod.yaml", "db: {}\n");
    assert_eq!(
        checked(&folder, false),
        [
            "warning: application-prod.yaml: this file was not read: `prod` is neither a category nor the active \
             profile; no profile is active; it is chosen by CONNREG_PROFILE or in code",
            "error: application.yaml:2:3: `db.pg.database`: `database` is missing; for example `database: shop`",
            "error: application.yaml:2:14: `db.pg.port`: 99999 is out of range, which is 1..=65535",
            "error: application.yaml:2:34: `db.pg.hots`: unknown key; did you mean `host`?",
        ]
    );
}

#[test]
fn what_is_not_to_be_had_is_taken_as_right() {
    let folder = Folder::new().file(
        "application.yaml",
        r##"
db:
  pg:
    host: "${HOST}"
    port: "${PORT}"
    database: "pre-#{Name}#"
    password: "${file:/nowhere/at/all}"
    replicas: ["${ONE}", two]
    tls: {mode: "${MODE}", ca: "#{CA}#"}
    pool: {max_size: "${SIZE}"}
  other:
    type: pg
    database: d
    password_file: /nowhere/at/all
"##,
    );
    assert_eq!(checked(&folder, true), [""; 0]);
    assert_eq!(checked(&folder, false).len(), 9);
    // What is loaded needs its values.
    assert_eq!(folder.errors().len(), 9);
}

#[test]
fn all_else_is_still_checked() {
    let folder = Folder::new().file(
        "application.yaml",
        r#"
db:
  pg:
    host: "${HOST}"
    port: 99999
    hots: x
    password: "${unclosed"
    pool: {max_size: many}
"#,
    );
    assert_eq!(
        checked(&folder, true),
        [
            "error: application.yaml:3:3: `db.pg.database`: `database` is missing; for example `database: shop`",
            "error: application.yaml:5:11: `db.pg.port`: 99999 is out of range, which is 1..=65535",
            "error: application.yaml:6:5: `db.pg.hots`: unknown key; did you mean `host`?",
            "error: application.yaml:7:15: `db.pg.password`: a `${` is not closed; close it with `}`; a `$` itself is written `$$`",
            "error: application.yaml:8:22: `db.pg.pool.max_size`: expected a whole number, found `many`",
        ]
    );
}

#[test]
fn an_unknown_type_may_be_any_and_each_key_must_be_somebodys() {
    let folder = Folder::new().file(
        "application.yaml",
        r#"
connections:
  one:
    type: "${KIND}"
    database: shop
    hots: x
    operation_timeout: soon
    zzzzzzzz: 1
  two: {type: pgvector, base: one}
db:
  pg: {type: "${KIND}", limit: 1 MiB}
"#,
    );
    assert_eq!(
        checked(&folder, true),
        [
            "error: application.yaml:6:5: `connections.one.hots`: unknown key; did you mean `hosts`?",
            "error: application.yaml:7:24: `connections.one.operation_timeout`: expected a duration such as \"30s\", found `soon`",
            "error: application.yaml:8:5: `connections.one.zzzzzzzz`: unknown key; no connection type knows it",
        ]
    );
}

#[test]
fn what_every_connection_has_is_checked_below_a_wrong_type_too() {
    let folder = Folder::new().file(
        "application.yaml",
        "connections:\n  one:\n    type: pgg\n    database: shop\n    pool: {max_size: 0}\n",
    );
    let findings = checked(&folder, false);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[1].contains("`connections.one.pool.max_size`: 0 is too small"));
}

#[test]
fn references_of_and_to_what_may_be_switched_off_pass() {
    let folder = Folder::new().file(
        "application.yaml",
        r#"
connections:
  maybe: {type: pg, database: d, enabled: "${ON}"}
  off: {type: pg, database: d, enabled: false}
  a: {type: pgvector, base: maybe}
  b: {type: pgvector, base: off, enabled: "${ON}"}
  c: {type: pgvector, base: "${BASE}"}
  d: {type: pgvector, base: nobody, enabled: "${ON}"}
  e: {type: pgvector, base: off}
"#,
    );
    assert_eq!(
        checked(&folder, true),
        [
            "error: application.yaml:8:29: `connections.d.base`: there is no connection `nobody`; connections of type `pg`: maybe, off",
            "error: application.yaml:9:29: `connections.e.base`: the connection `off` is disabled; enable it, or disable this one as well",
        ]
    );
}
