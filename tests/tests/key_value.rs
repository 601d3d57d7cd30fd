//! The suite that every key-value store must pass, on those that need no server.

use std::time::{Duration, Instant};

use connreg::Connections;
use connreg::capability::KeyValue;
use connreg::testing::key_value::conformance;
use connreg_backends::Sqlite;

/// Connections `one` and `other` of a type, with settings for both.
async fn load(kind: &str, settings: &[(&str, &str)]) -> Connections {
    let none: [(&str, &str); 0] = [];
    let mut builder = Connections::builder().environment(none);
    for name in ["one", "other"] {
        builder = builder.set(format!("{name}.type"), kind);
        for (key, value) in settings {
            builder = builder.set(format!("{name}.{key}"), *value);
        }
    }
    builder.load().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_conforms() {
    let connections = load("memory", &[]).await;
    let store = connections.get_as::<dyn KeyValue>("one").unwrap();
    conformance(store.client().await.unwrap().share()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_sqlite_in_a_file_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let connections = load("sqlite", &[("path", path.to_str().unwrap())]).await;
    let store = connections.get_as::<dyn KeyValue>("one").unwrap();
    conformance(store.client().await.unwrap().share()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_sqlite_in_memory_conforms() {
    let connections = load("sqlite", &[("path", ":memory:")]).await;
    let store = connections.get_as::<dyn KeyValue>("one").unwrap();
    conformance(store.client().await.unwrap().share()).await;
}

#[tokio::test]
async fn two_names_are_two_stores() {
    for (kind, settings) in [("memory", &[][..]), ("sqlite", &[("path", ":memory:")])] {
        let connections = load(kind, settings).await;
        let one = connections
            .get_as::<dyn KeyValue>("one")
            .unwrap()
            .client()
            .await
            .unwrap()
            .share();
        let other = connections
            .get_as::<dyn KeyValue>("other")
            .unwrap()
            .client()
            .await
            .unwrap()
            .share();
        one.set("key", b"value", None).await.unwrap();
        assert_eq!(other.get("key").await.unwrap(), None, "{kind}");
    }
}

#[tokio::test]
async fn an_error_names_the_connection_and_the_operation() {
    let connections = load("memory", &[]).await;
    let store = connections
        .get_as::<dyn KeyValue>("one")
        .unwrap()
        .client()
        .await
        .unwrap()
        .share();
    let error = store.get("").await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("connection `one`: get: the key is empty"),
        "{error}"
    );
}

#[tokio::test]
async fn a_table_of_sqlite_shrinks_as_it_is_written_to() {
    let connections = load("sqlite", &[("path", ":memory:")]).await;
    let store = connections
        .get_as::<dyn KeyValue>("one")
        .unwrap()
        .client()
        .await
        .unwrap();
    for n in 0..64 {
        store
            .set(&n.to_string(), b"x", Some(Duration::from_millis(1)))
            .await
            .unwrap();
    }
    let db = connections
        .get::<Sqlite>("one")
        .unwrap()
        .client()
        .await
        .unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        store.set("kept", b"x", None).await.unwrap();
        let rows = db
            .query_one("SELECT count(*) FROM connreg_key_value", [])
            .await
            .unwrap();
        if rows.get::<i64>(0).unwrap() == 1 {
            break;
        }
        assert!(Instant::now() < end, "expired rows stay");
    }
}
