//! Files that must be refused, at the right place: no one of them loads.

use crate::document::from_yaml;
use crate::folder::{ANY, WHOLE, objections};
use crate::loader::Folder;

/// What is wrong, the file, and the place that is objected to.
const ANYWHERE: &[(&str, &str, &str)] = &[
    ("unknown key", "db: {pg: {database: a, hots: b}}", "/db/pg"),
    (
        "unknown key by name",
        "connections: {a: {type: pg, database: a, hots: b}}",
        "/connections/a",
    ),
    (
        "unknown nested key",
        "db: {pg: {database: a, tls: {moed: off}}}",
        "/db/pg/tls",
    ),
    (
        "unknown key of a policy",
        "db: {mem: {pool: {max: 3}}}",
        "/db/mem/pool",
    ),
    (
        "unknown key of the defaults",
        "defaults: {pool: {max_size: 3}, host: a}",
        "/defaults",
    ),
    (
        "default of what each connection says",
        "defaults: {enabled: false}",
        "/defaults",
    ),
    (
        "defaults of an unknown category",
        "defaults: {categories: {bd: {lazy: true}}}",
        "/defaults/categories",
    ),
    (
        "wrong value in a policy",
        "policies: {gentle: {operation_timeout: soon}}",
        "/policies/gentle/operation_timeout",
    ),
    (
        "unknown key of all pools",
        "ConnectionPooling: {Pooling: true}",
        "/ConnectionPooling",
    ),
    (
        "key of another type",
        "connections: {a: {type: mem, database: a}}",
        "/connections/a",
    ),
    (
        "key of no type, without a type",
        "connections: {a: {hots: b}}",
        "/connections/a",
    ),
    (
        "no secret, so no file",
        "db: {pg: {database_file: empty}}",
        "/db/pg",
    ),
    (
        "unknown in a list",
        "house: {sink: {site: http://a, api_key: 12345678, taps: [{way: hot, wya: hot}]}}",
        "/house/sink/taps/0",
    ),
    (
        "unknown type",
        "connections: {a: {type: oracle}}",
        "/connections/a/type",
    ),
    (
        "unknown type in a category",
        "db: {a: {Type: oracle}}",
        "/db/a/Type",
    ),
    (
        "type of another category",
        "db: {a: {type: pgvector, base: b}}",
        "/db/a/type",
    ),
    (
        "name of another category's type",
        "vector: {pg: {database: a}}",
        "/vector/pg",
    ),
    (
        "category without types",
        "graph: {neo: {type: pg, database: a}}",
        "/graph",
    ),
    (
        "type that is no text",
        "connections: {a: {type: 5}}",
        "/connections/a/type",
    ),
    (
        "wrong type: text for a number",
        "db: {pg: {database: a, port: http}}",
        "/db/pg/port",
    ),
    (
        "wrong type: table for text",
        "db: {pg: {database: {a: b}}}",
        "/db/pg/database",
    ),
    (
        "wrong type: number for a boolean",
        "db: {mem: {durable: 1}}",
        "/db/mem/durable",
    ),
    (
        "wrong type: text for a boolean",
        "db: {mem: {durable: perhaps}}",
        "/db/mem/durable",
    ),
    (
        "wrong type: text for a table",
        "db: {pg: {database: a, tls: off}}",
        "/db/pg/tls",
    ),
    (
        "wrong type: list for text",
        "db: {pg: {database: [a]}}",
        "/db/pg/database",
    ),
    (
        "wrong type: fraction for an integer",
        "db: {pg: {database: a, port: 1.5}}",
        "/db/pg/port",
    ),
    (
        "wrong type: element",
        "house: {sink: {site: http://a, api_key: 12345678, ports: [80, x]}}",
        "/house/sink/ports/1",
    ),
    (
        "wrong type: value of a map",
        "house: {sink: {site: http://a, api_key: 12345678, weights: {a: 256}}}",
        "/house/sink/weights/a",
    ),
    (
        "nothing for a number",
        "db: {pg: {database: a, port: }}",
        "/db/pg/port",
    ),
    (
        "nothing for what is required",
        "db: {pg: {database: }}",
        "/db/pg/database",
    ),
    (
        "connection that is no table",
        "db: {pg: localhost}",
        "/db/pg",
    ),
    ("category that is no table", "db: [pg]", "/db"),
    (
        "connections that are no table",
        "connections: [a]",
        "/connections",
    ),
    (
        "too large",
        "db: {pg: {database: a, port: 65536}}",
        "/db/pg/port",
    ),
    (
        "too small",
        "db: {pg: {database: a, port: 0}}",
        "/db/pg/port",
    ),
    ("negative", "db: {mem: {limit: -1}}", "/db/mem/limit"),
    (
        "fraction too large",
        "db: {mem: {ratio: 1.5}}",
        "/db/mem/ratio",
    ),
    (
        "duration too long",
        "db: {mem: {connect_timeout: 601}}",
        "/db/mem/connect_timeout",
    ),
    (
        "flat name out of range",
        "db: {mem: {PoolSize: 0}}",
        "/db/mem/PoolSize",
    ),
    (
        "duration with an unknown unit",
        "db: {mem: {connect_timeout: 5 parsecs}}",
        "/db/mem/connect_timeout",
    ),
    (
        "size with an unknown unit",
        "db: {mem: {limit: 5 XB}}",
        "/db/mem/limit",
    ),
    (
        "clock with 61 minutes",
        "db: {mem: {connect_timeout: '00:61:00'}}",
        "/db/mem/connect_timeout",
    ),
    (
        "URL without a scheme",
        "search: {finder: {hosts: [localhost]}}",
        "/search/finder/hosts/0",
    ),
    (
        "bad choice",
        "db: {pg: {database: a, tls: {mode: verify_ful}}}",
        "/db/pg/tls/mode",
    ),
    (
        "bad choice of a policy",
        "db: {mem: {retry: {jitter: some}}}",
        "/db/mem/retry/jitter",
    ),
    (
        "not one of",
        "house: {sink: {site: http://a, api_key: 12345678, region: EU-1}}",
        "/house/sink/region",
    ),
    (
        "too short",
        "house: {sink: {site: http://a, api_key: short}}",
        "/house/sink/api_key",
    ),
    (
        "too long",
        "house: {sink: {site: http://a, api_key: 12345678, nick: abcdef}}",
        "/house/sink/nick",
    ),
    (
        "too few",
        "search: {finder: {hosts: []}}",
        "/search/finder/hosts",
    ),
    (
        "too few, as one",
        "house: {sink: {site: http://a, api_key: 12345678, pair: a}}",
        "/house/sink/pair",
    ),
    (
        "too many",
        "house: {sink: {site: http://a, api_key: 12345678, weights: {a: 1, b: 2, c: 3}}}",
        "/house/sink/weights",
    ),
    (
        "unknown key in a shared table",
        "external: {atlassian: {url: 'http://a', space: s, tokn: t}}",
        "/external/atlassian",
    ),
    (
        "wrong value in a shared table",
        "external: {atlassian: {url: a, space: s}}",
        "/external/atlassian/url",
    ),
    (
        "merged into the wrong table",
        "x-a: &a {ratio: 0.5}\ndb: {pg: {<<: *a, database: a}}",
        "/db/pg",
    ),
];

/// The same, for files that nothing is added to.
const WHOLLY: &[(&str, &str, &str)] = &[
    ("missing setting", "db: {pg: {host: a}}", "/db/pg"),
    (
        "missing setting by name",
        "Connections: {a: {ConnectionType: pg}}",
        "/Connections/a",
    ),
    ("missing setting of nothing", "db: {pg: }", "/db/pg"),
    (
        "missing nested setting",
        "house: {sink: {site: http://a, api_key: 12345678, taps: [{key: a}]}}",
        "/house/sink/taps/0",
    ),
    (
        "missing type",
        "connections: {a: {host: b}}",
        "/connections/a",
    ),
    (
        "missing type of a name that is none",
        "db: {reporting: {database: b}}",
        "/db/reporting",
    ),
    (
        "missing type of nothing",
        "connections: {a: }",
        "/connections/a",
    ),
    (
        "missing in a shared table",
        "external: {atlassian: {space: s}}",
        "/external/atlassian",
    ),
    (
        "shared table of nobody",
        "external: {atlassian: {url: 'http://a', token: t}}",
        "/external/atlassian",
    ),
    (
        "neither category nor connections",
        "dbs: {pg: {database: a}}",
        "",
    ),
];

#[track_caller]
fn refused(what: &str, text: &str, place: &str, whole: bool) {
    let document = from_yaml(text);
    let found = objections(if whole { &WHOLE } else { &ANY }, &document);
    let at = |line: &String| {
        line.starts_with(&format!("{place}: ")) || line.starts_with(&format!("{place}/"))
    };
    assert!(
        found.iter().any(at),
        "{what}: {text}\nobjections: {found:#?}"
    );
    let errors = Folder::new()
        .file("empty", "")
        .file("connections.yaml", text)
        .errors();
    assert!(!errors.is_empty(), "{what}: {text}\nloads");
}

#[test]
fn mistakes_are_refused_in_every_file() {
    for (what, text, place) in ANYWHERE {
        refused(what, text, place, false);
        refused(what, text, place, true);
    }
}

#[test]
fn what_is_missing_is_refused_in_whole_files() {
    for (what, text, place) in WHOLLY {
        refused(what, text, place, true);
        assert!(
            ANY.is_valid(&from_yaml(text)),
            "{what}: {text}\nis in order if the rest stands elsewhere"
        );
    }
}
