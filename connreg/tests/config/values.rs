//! What values are made of: placeholders, files of secrets, and text that becomes a setting's type.

use std::fs;
use std::time::Duration;

use crate::folder::Folder;
use crate::types::{Mem, Pg};

/// The host that `text`, as a YAML value, becomes; or what is said of it.
fn host(folder: Folder, text: &str) -> Result<String, String> {
    let folder = folder.file(
        "application.yaml",
        format!("db:\n  pg:\n    database: d\n    host: {text}\n"),
    );
    match folder.load() {
        Ok(connections) => Ok(connections
            .get::<Pg>("pg")
            .expect("pg")
            .settings()
            .host
            .clone()),
        Err(_) => Err(folder.errors().join("\n")),
    }
}

#[test]
fn placeholders_become_values() {
    for (text, expected) in [
        ("\"${HOST}\"", "h1"),
        ("${HOST}", "h1"),
        ("'a-${HOST}.${HOST}-b'", "a-h1.h1-b"),
        ("${NONE:def}", "def"),
        ("'${NONE:}'", ""),
        ("'${EMPTY:def}'", ""),
        ("'${EMPTY:-def}'", "def"),
        ("${NONE:-def}", "def"),
        ("'${NONE:http://x:80/}'", "http://x:80/"),
        ("${NONE:${HOST}}", "h1"),
        ("'${NONE:${NEITHER:-deep}}!'", "deep!"),
        ("'$${HOST}'", "${HOST}"),
        ("'$$$$'", "$$"),
        ("'pa$word $ $1'", "pa$word $ $1"),
        ("'#{HOST}#'", "h1"),
        ("'#{HOST}'", "#{HOST}"),
        ("'#{not a token}#'", "#{not a token}#"),
        ("'a#b'", "a#b"),
        ("'${DOLLAR}'", "${HOST}"),
        ("'${file:name.txt}'", "from file"),
        ("'${file:${NAME}.txt}'", "from file"),
        ("'${file:lines.txt}'", "a\nb\n"),
        ("'üß€${HOST}🦀'", "üß€h1🦀"),
    ] {
        let folder = Folder::new()
            .env("HOST", "h1")
            .env("EMPTY", "")
            .env("NAME", "name")
            .env("DOLLAR", "${HOST}")
            .file("name.txt", "from file\n")
            .file("lines.txt", "a\nb\n\n");
        assert_eq!(host(folder, text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn placeholders_that_have_no_value_are_told() {
    for (text, expected) in [
        (
            "${NONE}",
            "the variable `NONE` is not set; set it, or give a default: `${NONE:…}`",
        ),
        (
            "${HOSTT}",
            "the variable `HOSTT` is not set; did you mean `${HOST}`? It is set; else set it, or give a default: `${HOSTT:…}`",
        ),
        (
            "'a ${HOST'",
            "a `${` is not closed; close it with `}`; a `$` itself is written `$$`",
        ),
        (
            "'${NONE:${HOST}'",
            "a `${` is not closed; close it with `}`; a `$` itself is written `$$`",
        ),
        (
            "'${}'",
            "`${…}` does not hold a variable's name; write `${NAME}`, `${NAME:default}` or `${file:/path}`; a `$` itself is written `$$`",
        ),
        (
            "'${1A}'",
            "`${…}` does not hold a variable's name; write `${NAME}`, `${NAME:default}` or `${file:/path}`; a `$` itself is written `$$`",
        ),
        (
            "'#{NONE}#'",
            "the token `#{NONE}#` is not set; let the deployment replace it, or set the variable `NONE`",
        ),
        (
            "'${LINES}'",
            "the value of $LINES holds a line break; put it into a file and write `${file:/path}`",
        ),
        (
            "'${file:none}'",
            "the file none can't be read: No such file or directory (os error 2); check the path (a relative one begins at the configuration's directory) and who may read it",
        ),
        (
            "'${file:${HOST}}'",
            "the file ${HOST} can't be read: No such file or directory (os error 2); check the path (a relative one begins at the configuration's directory) and who may read it",
        ),
        ("'${file:}'", "the path of a file is empty; name the file"),
    ] {
        let folder = Folder::new().env("HOST", "hunter2").env("LINES", "a\nb");
        let expected = format!("error: application.yaml:4:11: `db.pg.host`: {expected}");
        assert_eq!(host(folder, text), Err(expected), "{text}");
    }
}

#[test]
fn nested_defaults_have_a_limit() {
    let text = "${A:".repeat(5_000) + &"}".repeat(5_000);
    let said = host(Folder::new(), &format!("'{text}'")).expect_err("too deep");
    assert!(
        said.contains("defaults are nested more than 16 levels deep"),
        "{said}"
    );
}

#[test]
fn only_the_value_that_wins_is_resolved() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db: {pg: {database: d, password: '${PASSWORD}'}}",
        )
        .file("application-dev.yaml", "db: {pg: {password: dev}}")
        .profile("dev");
    folder.says(&[]);
}

#[test]
fn interpolated_text_becomes_the_settings_type() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db:\n  pg:\n    type: '${KIND}'\n    port: ${PORT:1}\n    database: d\n    statement_timeout: ${T}\n    replicas: '${R}'\n    tls: {mode: '${M}'}\n    lazy: ${LAZY:true}\n",
        )
        .env("KIND", "pg")
        .env("PORT", "5433")
        .env("T", "1m 30s")
        .env("R", "a, b")
        .env("M", "VerifyFull");
    let connections = folder.loaded();
    let pg = connections.get::<Pg>("pg").expect("pg");
    assert_eq!(pg.settings().port, 5433);
    assert_eq!(
        pg.settings().statement_timeout,
        Some(Duration::from_secs(90))
    );
    assert_eq!(pg.settings().replicas, ["a", "b"]);
    assert_eq!(pg.settings().tls.mode, crate::types::Mode::VerifyFull);
    let folder = folder
        .env("PORT", "hunter2")
        .env("M", "hunter2")
        .env("T", "hunter2");
    folder.says(&[
        "error: application.yaml:4:11: `db.pg.port`: expected a whole number, found text (from $PORT)",
        "error: application.yaml:6:24: `db.pg.statement_timeout`: expected a duration such as \"30s\", found text (from $T)",
        "error: application.yaml:8:17: `db.pg.tls.mode`: expected one of off, verify_full, found text (from $M)",
    ]);
}

#[test]
fn scalars_are_taken_as_they_were_written() {
    let folder = Folder::new()
        .file("application.yaml", "db:\n  mem: {pin: 0123, limit: 1048576, ratio: '0.5', durable: 'Yes'}\n  a: {type: mem, pin: 1.10}\n  b: {type: mem, pin: 1e3}\n  c: {type: mem, pin: True}\n")
        .file("application-db.toml", "[db.d]\ntype = 'mem'\npin = 1_000\n[db.e]\ntype = 'mem'\npin = 2024-01-01\n")
        .file("connections.json", r#"{"connections": {"f": {"type": "mem", "pin": 1.50}}}"#);
    let connections = folder.loaded();
    for (name, pin) in [
        ("mem", "0123"),
        ("a", "1.10"),
        ("b", "1e3"),
        ("c", "True"),
        ("d", "1_000"),
        ("e", "2024-01-01"),
        ("f", "1.50"),
    ] {
        let mem = connections.get::<Mem>(name).expect(name);
        assert_eq!(
            mem.settings().pin.as_ref().expect("a pin").expose(),
            pin,
            "{name}"
        );
    }
    let mem = connections.get::<Mem>("mem").expect("mem");
    assert_eq!(
        (mem.settings().limit.as_u64(), mem.settings().durable),
        (1_048_576, true)
    );
}

/// The password that a folder gives.
fn password(folder: &Folder) -> String {
    let connections = folder.loaded();
    let pg = connections.get::<Pg>("pg").expect("pg");
    pg.settings()
        .password
        .as_ref()
        .expect("a password")
        .expose()
        .to_owned()
}

#[test]
fn every_secret_can_come_from_a_file() {
    let yaml = "db:\n  pg:\n    database: d\n    password_file: pw\n    tls: {PassphraseFile: '${WHERE}'}\n";
    let folder = Folder::new()
        .file("application.yaml", yaml)
        .file("pw", "p\nw\r\n")
        .env("WHERE", "pw");
    assert_eq!(password(&folder), "p\nw");
    let connections = folder.loaded();
    let pg = connections.get::<Pg>("pg").expect("pg");
    assert_eq!(
        pg.settings().tls.passphrase.as_ref().expect("one").expose(),
        "p\nw"
    );

    // The order within the environment's layer: exact, then the file, then the well-known variable.
    assert_eq!(password(&folder.env("PGPASSWORD", "known")), "p\nw");
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db: {pg: {database: d, password: file}}",
        )
        .file("other", "other");
    assert_eq!(password(&folder), "file");
    let folder = folder.env("PGPASSWORD", "known");
    assert_eq!(password(&folder), "known");
    let folder = folder.env("CONNREG__PG__PASSWORD_FILE", "other");
    assert_eq!(password(&folder), "other");
}

#[test]
fn a_later_layers_secret_goes_before_an_earlier_layers_file() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db: {pg: {database: d, password_file: none}}",
        )
        .file("application-dev.yaml", "db: {pg: {password: dev}}")
        .profile("dev");
    assert_eq!(password(&folder), "dev");
}

#[test]
fn a_secrets_file_that_can_not_be_read_is_told_once() {
    let folder = Folder::new().file(
        "application.yaml",
        "db: {pg: {database: d, password_file: none}}",
    );
    let error = folder.errors().join("\n");
    assert!(
        error.starts_with(
            "error: application.yaml:1:39: `db.pg.password_file`: the file none can't be read:"
        ),
        "{error}"
    );
    let folder = Folder::new().file(
        "application.yaml",
        "db: {pg: {database: d, password_file: .}}",
    );
    assert!(
        folder.errors().join("\n").contains("it is a directory"),
        "{:?}",
        folder.errors()
    );
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db: {pg: {database: d, password_file: pw}}",
        )
        .file("pw", [0xff]);
    assert!(
        folder.errors().join("\n").contains("it is not UTF-8"),
        "{:?}",
        folder.errors()
    );
    let path = folder.path().join("absolute");
    fs::write(&path, "a").expect("a file");
    let folder = Folder::new().file(
        "application.yaml",
        format!(
            "db: {{pg: {{database: d, password_file: {}}}}}",
            path.display()
        ),
    );
    assert_eq!(password(&folder), "a");
}
