//! What connections fall back on: defaults, those of a category, named policies.

use std::time::Duration;

use connreg::Client;

use crate::explain::{explained, layers};
use crate::folder::{Folder, on_runtime};
use crate::types::{Pg, Told};

/// What the client of the connection `name` is told.
pub(crate) fn told(folder: &Folder, name: &str) -> Client<Pg> {
    on_runtime(async {
        let builder = folder.builder(folder.path());
        let connections = builder.load().await.unwrap_or_else(|e| panic!("{e}"));
        let connection = connections.get::<Pg>(name).expect(name);
        connection.client().await.expect("it opens nothing")
    })
}

const SHOP: &str = "
defaults:
  pool: {max_size: 11, min_size: 1}
  operation_timeout: 1s
  connect_timeout: 1s
  categories:
    DB:
      pool_size: 12
      operation_timeout: 2s
policies:
  gentle:
    operation_timeout: 3s
connections:
  plain: {type: pg, database: d}
  named: {type: pg, database: d, policy: Gentle}
  own: {type: pg, database: d, policy: gentle, operation_timeout: 4s, pool: {max_size: 14}}
  none: {type: pg, database: d, operation_timeout: , pool: }
  wiki: {type: confluence, url: 'http://a'}
";

#[test]
fn a_connection_goes_before_its_policy_before_its_category_before_all() {
    let folder = Folder::new().file("application.yaml", SHOP);
    let seconds = |told: &Told| told.operation_timeout.map(|timeout| timeout.as_secs());
    for (name, max_size, timeout) in [
        ("plain", 12, Some(2)),
        ("named", 12, Some(3)),
        ("own", 14, Some(4)),
        ("none", 12, None),
    ] {
        let told = told(&folder, name);
        assert_eq!(
            (told.max_size, seconds(&told)),
            (max_size, timeout),
            "{name}"
        );
        assert_eq!(told.min_size, 1, "{name}");
        assert_eq!(told.connect_timeout, Duration::from_secs(1), "{name}");
    }
    // Nor does a pool's default bother a type that has no pool.
    folder.says(&[]);
}

#[test]
fn profile_environment_and_code_go_before_files_for_defaults_too() {
    let folder = Folder::new()
        .file("application.yaml", SHOP)
        .file(
            "application-prod.yaml",
            "defaults: {categories: {db: {pool: {min_size: 3}}}}",
        )
        .profile("prod")
        .env("CONNREG__DEFAULTS__CONNECT_TIMEOUT", "5s")
        .env("CONNREG__POLICIES__GENTLE__RETRY__MAX_ATTEMPTS", "7")
        .env("CONNREG__DEFAULTS__CATEGORIES__DB__POOL__MAX_SIZE", "30")
        .set("defaults.categories.db.pool.max_size", "40")
        .set("policies.harsh.retry.max_attempts", "1")
        .set("plain.policy", "harsh");
    let named = told(&folder, "named");
    assert_eq!(
        (named.max_size, named.min_size, named.max_attempts),
        (40, 3, 7)
    );
    assert_eq!(named.connect_timeout, Duration::from_secs(5));
    assert_eq!(told(&folder, "plain").max_attempts, 1);
}

#[test]
fn each_mistake_is_told_once_and_where_it_is() {
    let folder = Folder::new().file(
        "application.yaml",
        "
defaults:
  poll: {max_size: 1}
  pool: {max_size: 0, hots: 1}
  enabled: false
  categories:
    bd: {lazy: true}
    db: {connect_timeout: soon, host: x}
policies:
  gentle: {policy: other, operation_timeout: later}
  shy:
connections:
  a: {type: pg, database: d, policy: gentle}
  b: {type: pg, database: d, policy: gentel}
  c: {type: pg, database: d, policy: nothing_like_it}
",
    );
    folder.says(&[
        "error: application.yaml:3:3: `defaults.poll`: unknown key; did you mean `pool`?",
        "error: application.yaml:4:20: `defaults.pool.max_size`: 0 is too small; write a value in 1..=10_000",
        "error: application.yaml:4:23: `defaults.pool.hots`: unknown key; known keys: max_size, min_size, acquire_timeout, idle_timeout, max_lifetime, test_on_borrow, test_while_idle, max_connecting, leak_warning, slow_acquire_warning",
        "error: application.yaml:5:3: `defaults.enabled`: `enabled` is for each connection to say; write it at the connections that it is meant for",
        "error: application.yaml:7:5: `defaults.categories.bd`: there is no category `bd`; did you mean `db`?",
        "error: application.yaml:8:27: `defaults.categories.db.connect_timeout`: expected a duration such as \"30s\", found `soon`",
        "error: application.yaml:8:33: `defaults.categories.db.host`: unknown key; known keys: connect_timeout, operation_timeout, close_timeout, pool, retry, circuit_breaker, bulkhead, health_check, required, lazy, tags",
        "error: application.yaml:10:12: `policies.gentle.policy`: `policy` is for each connection to say; write it at the connections that it is meant for",
        "error: application.yaml:10:46: `policies.gentle.operation_timeout`: expected a duration such as \"30s\", found `later`",
        "error: application.yaml:14:38: `connections.b.policy`: there is no policy `gentel`; did you mean `gentle`?",
        "error: application.yaml:15:38: `connections.c.policy`: there is no policy `nothing_like_it`; known: gentle, shy",
    ]);
}

#[test]
fn values_from_outside_that_mean_nothing_are_told() {
    let folder = Folder::new()
        .file("application.yaml", "db: {pg: {database: d}}")
        .env("CONNREG__DEFAULTS__POOL__MAX_SISE", "1")
        .env("CONNREG__DEFAULTS__CATEGORIES__BD__LAZY", "1")
        .env("CONNREG__POLICIES__GENTLE", "1");
    folder.says(&[
        "warning: $CONNREG__DEFAULTS__CATEGORIES__BD__LAZY: `CONNREG__DEFAULTS__CATEGORIES__BD__LAZY`: there is no category `bd`; known: db, vector, graph, search, storage, queue, external, http",
        "warning: $CONNREG__DEFAULTS__POOL__MAX_SISE: `CONNREG__DEFAULTS__POOL__MAX_SISE`: `pool__max_sise` is no setting that has a default; did you mean `max_size`?",
        "warning: $CONNREG__POLICIES__GENTLE: `CONNREG__POLICIES__GENTLE`: a key is missing behind this; write `CONNREG__POLICIES__GENTLE__KEY`",
    ]);
}

#[test]
fn files_of_one_layer_may_each_say_a_part_and_not_the_same() {
    let base = || {
        Folder::new().file(
            "application.yaml",
            "defaults: {pool: {max_size: 3}}\ndb: {pg: {database: d}}",
        )
    };
    let folder = base().file("connections.yaml", "defaults: {pool: {min_size: 2}}");
    let both = told(&folder, "pg");
    assert_eq!((both.max_size, both.min_size), (3, 2));
    base().file("connections.yaml", "Defaults: {Pool: {MaxSize: 2}}").says(&[
        "error: connections.yaml:1:19: `Defaults.Pool.MaxSize`: `max_size` is set twice: also as `max_size`; the other one is at application.yaml:1:19; keep one of them",
    ]);
}

#[test]
fn the_file_of_a_category_has_no_defaults() {
    Folder::new()
        .file("application-db.yaml", "defaults: {pool: {max_size: 3}}\ndb: {pg: {database: d}}")
        .says(&["error: application-db.yaml:1:1: `defaults`: `defaults` can't stand in the file of a category; put it into application, connections or appsettings; what is for one category stands there as `defaults: {categories: {NAME: …}}`"]);
}

#[test]
fn a_policy_may_stand_in_a_file_that_can_t_be_read() {
    let folder = Folder::new().file("application.yaml", "policies: [").file(
        "connections.yaml",
        "connections: {a: {type: pg, database: d, policy: gentle}}",
    );
    assert_eq!(folder.errors().len(), 1);
}

#[test]
fn placeholders_in_defaults_are_resolved_and_may_be_unresolved() {
    let folder = || {
        Folder::new().file(
            "application.yaml",
            "defaults: {pool: {max_size: '${SIZE}'}}\nconnections: {a: {type: pg, database: d, policy: '${POLICY:gentle}'}}\npolicies: {gentle: {lazy: true}}",
        )
    };
    assert_eq!(told(&folder().env("SIZE", "17"), "a").max_size, 17);
    folder().says(&[
        "error: application.yaml:1:29: `defaults.pool.max_size`: the variable `SIZE` is not set; set it, or give a default: `${SIZE:…}`",
    ]);
    let report = on_runtime(folder().builder(folder().path()).allow_unresolved().check());
    assert!(report.expect("a report").mistakes().is_empty());
}

#[test]
fn origins_show_what_a_connection_falls_back_on() {
    let folder = Folder::new()
        .file("application.yaml", SHOP)
        .env("CONNREG__DEFAULTS__OPERATION_TIMEOUT", "9s");
    let explanation = explained(&folder, "own.operation_timeout").expect("a setting");
    assert_eq!(
        layers(&folder, &explanation),
        [
            "> files: 4s, application.yaml:16:67",
            "policy: 3s, application.yaml:12:24",
            "category: 2s, application.yaml:9:26",
            "defaults: 9s, $CONNREG__DEFAULTS__OPERATION_TIMEOUT",
            "defaults: 1s, application.yaml:4:22",
        ]
    );
    let explanation = explained(&folder, "plain.pool_size").expect("a setting");
    assert_eq!(
        layers(&folder, &explanation),
        [
            "> category: 12, application.yaml:8:18",
            "defaults: 11, application.yaml:3:20",
            "default: 10, default",
        ]
    );
}
