//! What each setting does, and what is said of a wrong one.

use std::error::Error as _;

use connreg::ErrorKind;
use connreg_backends::sqlite::{Client, Row};

use super::{in_file, load, open};

async fn pragma(db: &Client, name: &str) -> Row {
    db.query_one(&format!("PRAGMA {name}"), ()).await.unwrap()
}

#[tokio::test]
async fn a_file_is_made_with_wal_and_foreign_keys() {
    let directory = tempfile::tempdir().unwrap();
    let connection = in_file(directory.path()).await;
    let db = connection.client().await.unwrap();
    let mode: String = pragma(&db, "journal_mode").await.get(0).unwrap();
    let keys: bool = pragma(&db, "foreign_keys").await.get(0).unwrap();
    let busy: i64 = pragma(&db, "busy_timeout").await.get(0).unwrap();
    assert_eq!((mode.as_str(), keys, busy), ("wal", true, 5_000));
    assert!(directory.path().join("test.db").exists());
}

#[tokio::test]
async fn each_setting_is_heeded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    let settings = [
        ("path", path.to_str().unwrap()),
        ("wal", "false"),
        ("foreign_keys", "false"),
        ("busy_timeout", "50ms"),
    ];
    let connection = open(&settings).await;
    let db = connection.client().await.unwrap();
    let mode: String = pragma(&db, "journal_mode").await.get(0).unwrap();
    let keys: bool = pragma(&db, "foreign_keys").await.get(0).unwrap();
    let busy: i64 = pragma(&db, "busy_timeout").await.get(0).unwrap();
    assert_eq!((mode.as_str(), keys, busy), ("delete", false, 50));
}

#[tokio::test]
async fn read_only_reads_and_refuses_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let writer = in_file(directory.path()).await;
    let writer = writer.client().await.unwrap();
    writer
        .execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (7)")
        .await
        .unwrap();

    let reader = open(&[("path", path.to_str().unwrap()), ("read_only", "true")]).await;
    let reader = reader.client().await.unwrap();
    let seven: i64 = reader
        .query_one("SELECT a FROM t", ())
        .await
        .unwrap()
        .get("a")
        .unwrap();
    assert_eq!(seven, 7);
    let error = reader
        .execute("INSERT INTO t VALUES (8)", ())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Role);
    assert!(!error.is_transient());
    assert!(error.to_string().contains("read_only"), "{error}");
}

#[tokio::test]
async fn a_missing_directory_is_named_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("absent/test.db");
    let connection = open(&[("path", path.to_str().unwrap())]).await;
    let error = connection.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let told = error.to_string();
    let absent = directory.path().join("absent");
    assert!(told.starts_with("connection `db`: connect: "), "{told}");
    assert!(
        told.contains(&format!("`{}` does not exist", absent.display())),
        "{told}"
    );
    assert!(told.contains("create the directory"), "{told}");
}

#[tokio::test]
async fn a_relative_path_says_where_it_was_looked_for() {
    let connection = open(&[("path", "no such directory/test.db")]).await;
    let told = connection.client().await.unwrap_err().to_string();
    let current = std::env::current_dir().unwrap();
    assert!(
        told.contains(&format!("looked for in `{}`", current.display())),
        "{told}"
    );
}

#[tokio::test]
async fn what_is_no_database_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    std::fs::write(&path, "x".repeat(4_096)).unwrap();
    let error = in_file(directory.path()).await.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("no SQLite database"), "{error}");
    assert!(error.source().is_some());

    let connection = open(&[("path", directory.path().to_str().unwrap())]).await;
    let error = connection.client().await.unwrap_err();
    assert!(error.to_string().contains("it is a directory"), "{error}");
}

#[tokio::test]
async fn a_missing_file_is_not_made_for_a_reader() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let connection = open(&[("path", path.to_str().unwrap()), ("read_only", "true")]).await;
    let error = connection.client().await.unwrap_err();
    assert!(
        error.to_string().contains("there is no such file"),
        "{error}"
    );
    assert!(!path.exists());

    let connection = open(&[("path", ":memory:"), ("read_only", "true")]).await;
    let error = connection.client().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn mistakes_in_settings_come_all_at_once() {
    let error = load(&[("wal", "maybe"), ("busy_timeout", "11min"), ("pth", "x")])
        .await
        .unwrap_err();
    let told = error.to_string();
    for part in ["path", "wal", "busy_timeout", "pth"] {
        assert!(told.contains(part), "`{part}` is missing: {told}");
    }
}
