//! Files that must be accepted: each loads, in the place that is said.

use serde_json::json;

use crate::document::{from_yaml, read};
use crate::folder::{ANY, WHOLE, accepts};
use crate::loader::Folder;

/// Whole configurations.
const YAML: &[&str] = &[
    "",
    "connections:\n",
    "x-defaults: &d {database: shop, tls: {mode: off}}\ndb: {pg: {<<: *d, host: a}}",
    // By category and by name, names and types in every spelling.
    "db: {pg: {database: a}, reporting: {type: PostgreSQL, database: b}, Mem: }",
    "DB: {PG: {DataBase: a, TLS: {Mode: verify-full, Pass-Phrase: x}}}",
    "Connections: {Customer: {ConnectionType: Pg, Database: c, PoolSize: 3}, k: {Type: kitchen_sink, site: 'http://a', ApiKey: 12345678}}",
    "connections: {pg: {type: mem}, a: {type: '${KIND:pg}', database: b}}",
    "db: {pg: {type: mem, limit: 5}, finder: {hosts: [http://a]}}",
    "search: {finder: {type: finder, hosts: http://a}}",
    "db: {confluence: {type: mem}}",
    // Text, numbers and booleans for one another.
    "db: {pg: {database: 5, host: true, port: '5432', statement_timeout: 00:00:30, options: {a: 1, b: x}}}",
    "db: {mem: {limit: 64 MiB, ratio: '0.5', durable: 'Yes', pin: 1234}}",
    "db: {mem: {limit: 1024, ratio: 1, durable: on, pin: }}",
    "db: {pg: {database: a, replicas: one, statement_timeout: , password_file: empty}}",
    // What every connection has, under its names.
    "db: {mem: {connect_timeout: 5, pool: {max_size: 3, test_on_borrow: true}, tags: [a, 1], enabled: yes, lazy: 'false'}}",
    "db: {mem: {pool_size: 3, PoolTimeout: 1m 30s, connection-lifetime: 1h, health_check_interval: 30}}",
    "db: {mem: {retry: {max_retries: 5, jitter: none, type: exponential-backoff}, x-note: {anything: [goes]}}}",
    "db: {mem: {RetryPolicy: {MaxRetries: 0, Type: ExponentialBackoff, UseJitter: true}, EnableHealthChecks: false, policy: p}}\npolicies: {p: }",
    // What connections fall back on.
    "defaults: {pool: {max_size: 3}, RetryPolicy: {max_attempts: 1}, pool_timeout: 3s, categories: {DB: {lazy: no}, vector: }}",
    "Policies: {Gentle: {operation_timeout: 5s, bulkhead: {max_concurrent: 5}}}\ndb: {mem: {policy: gentle}}",
    "ConnectionPooling: {MaxPoolSize: 5, min_size: 1, ConnectionTimeout: '00:00:15', PoolRecycle: 1h}\ndefaults:\npolicies:\n",
    // Places that types choose for themselves.
    "external: {atlassian: {url: 'https://a', token: t, space: s, project: p, pool_size: 3}}",
    "external: {atlassian: {url: 'https://a', tokenFile: empty, space: s}, jira: {type: confluence, url: 'https://b'}}",
    "External: {Atlassian: {type: jira, url: 'https://a'}}",
    "house: {sink: {site: http://a, api_key: '${file:empty}aaaaaaaa', drainWidth: 5, nick: 'é${NONE:}', taps: [{way: warm, x-a: 1}], extra: [[1, a]]}}",
];

#[test]
fn whole_files_are_accepted() {
    for text in YAML {
        let folder = Folder::new()
            .file("empty", "")
            .file("connections.yaml", text);
        if let Err(error) = folder.load() {
            panic!("{text}\n{error}");
        }
        accepts(&ANY, &from_yaml(text));
        accepts(&WHOLE, &from_yaml(text));
    }
}

#[test]
fn what_is_in_part_elsewhere_is_accepted() {
    for text in [
        "connections: {customer: {host: production}}",
        "db: {reporting: {tls: {mode: off}, pool_size: 3}, pg: }",
        "external: {atlassian: {url: 'https://a'}}",
        "connections: {customer: }",
    ] {
        accepts(&ANY, &from_yaml(text));
    }
}

#[test]
fn other_formats_are_accepted() {
    let toml = "[db.reporting]\ntype = 'pg'\ndatabase = 'r'\nreplicas = ['a']\npool.max_size = 3\n";
    let json = r#"{ // as .NET writes it
        "$schema": "connreg.schema.json",
        "Connections": {"CustomerDB": {"ConnectionType": "Pg", "Database": "c", "StatementTimeout": "00:00:30",},},
    }"#;
    let folder = Folder::new()
        .file("application.toml", toml)
        .file("connections.json", json);
    for name in ["application.toml", "connections.json"] {
        accepts(&WHOLE, &read(&folder.path().join(name)).expect(name));
    }
    assert_eq!(folder.loaded().list(), ["reporting", "CustomerDB"]);
}

#[test]
fn keys_of_others_are_accepted_where_the_files_name_is_not_known() {
    let document = json!({ "Logging": { "LogLevel": "Debug" }, "db": { "mem": null } });
    accepts(&ANY, &document);
    assert!(!WHOLE.is_valid(&document));
}
