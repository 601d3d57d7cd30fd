//! `ping` and `budget` without servers: embedded ones, dead ones and silent ones.

use std::net::TcpListener;

use crate::program::Folder;

/// Nothing ever listens on port 1.
const MIXED: &str = "\
db:
  memory: {}
  sqlite: { path: ':memory:' }
  cache: { type: redis, host: 127.0.0.1, port: 1, required: false }
  orders: { type: postgres, host: 127.0.0.1, port: 1, database: a, username: a, password: hunter2 }
";

#[test]
fn a_required_connection_decides() {
    let folder = Folder::new(MIXED);
    let ran = folder.run("ping").ended(1);
    assert!(ran.out.contains("failed: connection `orders`"), "{ran:#?}");
    assert!(ran.out.contains("try: check host and port"), "{ran:#?}");
    assert!(ran.err.contains("2 of 4 connections work"), "{ran:#?}");
    folder.run("ping memory sqlite").ended(0);
}

#[test]
fn an_optional_connection_decides_if_it_is_named() {
    let folder = Folder::new(
        "db: { memory: {}, cache: { type: redis, host: 127.0.0.1, port: 1, required: false } }\n",
    );
    let ran = folder.run("ping").ended(0);
    assert!(ran.out.contains("refused (optional)"), "{ran:#?}");
    folder.run("ping cache").ended(1);
}

#[test]
fn json_has_times_and_causes_and_no_secret() {
    let ran = Folder::new(MIXED).run("ping --format json").ended(1);
    assert_eq!(ran.err, "");
    assert!(!ran.out.contains("hunter2"), "{ran:#?}");
    let told = ran.json();
    assert_eq!(told["healthy"], false);
    let [memory, _, cache, orders] = &told["connections"].as_array().expect("a list")[..] else {
        panic!("{told:#}")
    };
    assert_eq!(memory["healthy"], true);
    assert!(
        memory["connect_ms"].is_f64() && memory["check_ms"].is_f64(),
        "{memory:#}"
    );
    assert_eq!(cache["required"], false);
    assert_eq!(orders["error"]["kind"], "refused");
    assert!(!orders["error"]["help"].as_str().expect("help").is_empty());
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let folder = Folder::new(&format!(
        "db: {{ redis: {{ host: 127.0.0.1, port: {port}, connect_timeout: 100s }} }}\n"
    ));
    let told = folder
        .run("ping --timeout 200ms --format json")
        .ended(1)
        .json();
    let error = &told["connections"][0]["error"];
    assert_eq!(error["kind"], "timeout");
    assert!(
        error["message"].as_str().expect("text").contains("200ms"),
        "{error}"
    );
}

#[test]
fn budget_adds_up_what_goes_to_one_server() {
    let folder = Folder::new(
        "\
db:
  orders: { type: postgres, host: db.example, database: a, username: a, pool_size: 7 }
  reports: { type: postgres, host: DB.example, database: b, username: b, pool_size: 5 }
  cache: { type: redis, host: cache.example, pool_size: 4 }
  memory: {}
",
    );
    let told = folder
        .run("budget --offline --replicas 3 --format json")
        .ended(0)
        .json();
    let [database, cache] = &told["servers"].as_array().expect("a list")[..] else {
        panic!("{told:#}")
    };
    // Beside each pool stands a connection for checks.
    assert_eq!(database["needed"], 42);
    assert_eq!(database["connections"][1]["each"], 6);
    // A connection that all commands share stands beside the pool.
    assert_eq!(cache["needed"], 15);
    assert_eq!(cache["allowed"], serde_json::Value::Null);
    let table = folder.run("budget --offline --replicas 3").ended(0).out;
    assert!(
        table.contains("together") && table.contains("42"),
        "{table}"
    );
}
