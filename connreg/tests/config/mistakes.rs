//! Broken configurations, and the lines of their reports.

use crate::folder::Folder;

/// Asserts what is said of one file.
#[track_caller]
fn says(file: &str, content: &str, expected: &[&str]) {
    Folder::new().file(file, content).says(expected);
}

#[test]
fn every_mistake_of_every_file_is_told_in_order() {
    Folder::new()
        .file("connections.toml", "[connections.a]\ntype = 'mem'\nratio = 2.5\n")
        .file("application.yaml", "db:\n  pg:\n    port: x\n    hots: h\n  mem:\n    durable: 3\n")
        .file("appsettings.json", "{\"Connections\": {\n  \"B\": {\"ConnectionType\": \"Mmem\"}}}")
        .file("application-db.yaml", "db: [")
        .says(&[
            "error: application-db.yaml:1:5: not valid YAML: this `[` is not closed; write `]` behind what belongs to it",
            "error: application.yaml:2:3: `db.pg.database`: `database` is missing; for example `database: shop`",
            "error: application.yaml:3:11: `db.pg.port`: expected a whole number, found `x`",
            "error: application.yaml:4:5: `db.pg.hots`: unknown key; did you mean `host`?",
            "error: application.yaml:6:14: `db.mem.durable`: expected true or false, found a whole number",
            "error: appsettings.json:2:27: `Connections.B.ConnectionType`: there is no connection type `Mmem`; did you mean `mem`? linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store",
            "error: connections.toml:3:9: `connections.a.ratio`: 2.5 is too large; write a value in 0.0..=1.0",
        ]);
}

#[test]
fn keys() {
    says(
        "application.yaml",
        "db:\n  mem:\n    pool_size: 3\n    pool: {maxsize: 4, min_sze: 1}\n    retries: 3\n    Retry: {max_attempts: 0}\n    zzz: 1\n",
        &[
            "error: application.yaml:3:5: `db.mem.pool_size`: `max_size` is set twice: also as `maxsize`; the other one is at application.yaml:4:12; keep one of them",
            "warning: application.yaml:4:12: `db.mem.pool.maxsize`: `pool.max_size` has no effect; `mem` keeps no pool; leave it out",
            "error: application.yaml:4:24: `db.mem.pool.min_sze`: unknown key; did you mean `min_size`?",
            "error: application.yaml:5:5: `db.mem.retries`: unknown key; known keys: limit, ratio, durable, pin, connection_string",
            "error: application.yaml:6:27: `db.mem.Retry.max_attempts`: 0 is too small; write a value in 1..=100",
            "error: application.yaml:7:5: `db.mem.zzz`: unknown key; known keys: limit, ratio, durable, pin, connection_string",
        ],
    );
    says(
        "application.yaml",
        "db:\n  pg:\n    database: d\n    password: a\n    password_file: b\n    Host: x\n    hosT: y\n",
        &[
            "error: application.yaml:5:5: `db.pg.password_file`: `password` is set twice: also as `password`; the other one is at application.yaml:4:5; keep one of them",
            "error: application.yaml:7:5: `db.pg.hosT`: `host` is set twice: also as `Host`; the other one is at application.yaml:6:5; keep one of them",
        ],
    );
}

#[test]
fn values() {
    says(
        "application.yaml",
        "db:\n  pg:\n    host: [a]\n    port: 70000\n    database: null\n    tls: yes\n    replicas: [a, {b: c}]\n    options: [a]\n    statement_timeout: soon\n    connect_timeout: 0\n    tags: {a: b}\n    pool: 3\n  mem: 7\n",
        &[
            "error: application.yaml:3:11: `db.pg.host`: expected text, found a list",
            "error: application.yaml:4:11: `db.pg.port`: 70000 is out of range, which is 1..=65535",
            "error: application.yaml:5:15: `db.pg.database`: expected text, found nothing; write a value, or leave the key out",
            "error: application.yaml:6:10: `db.pg.tls`: expected a table, found text",
            "error: application.yaml:7:19: `db.pg.replicas[1]`: expected text, found a table",
            "error: application.yaml:8:14: `db.pg.options`: expected a table, found a list",
            "error: application.yaml:9:24: `db.pg.statement_timeout`: expected a duration such as \"30s\", found `soon`",
            "error: application.yaml:10:22: `db.pg.connect_timeout`: 0s is too small; write a value in 1ms..=10min",
            "error: application.yaml:11:11: `db.pg.tags`: expected a list, found a table",
            "error: application.yaml:12:11: `db.pg.pool`: expected a table, found a whole number",
            "error: application.yaml:13:8: `db.mem`: expected a table of settings, found a whole number",
        ],
    );
}

#[test]
fn types_and_categories() {
    says(
        "application.yaml",
        "vector:\n  pg: {databas: d}\n  v: {type: mem, ratio: 2}\ndb:\n  postgres: {}\n  mine: {}\n  n: {type: [a]}\n  t: {type: mem, ConnectionType: pg}\nqueue: {}\ngraph:\nconnections:\n  x: {}\n  postgresql: {}\n  y: {tpye: pg, database: d}\n  z: {type: '${NONE}'}\n",
        &[
            "error: application.yaml:2:3: `vector.pg`: `pg` is no connection type of the category `vector`; put it below `db:`",
            "error: application.yaml:2:8: `vector.pg.databas`: unknown key; did you mean `database`?",
            "error: application.yaml:3:13: `vector.v.type`: `mem` is no connection type of the category `vector`; put it below `db:`",
            "error: application.yaml:3:25: `vector.v.ratio`: 2 is too large; write a value in 0.0..=1.0",
            "error: application.yaml:5:3: `db.postgres`: there is no connection type `postgres`; enable the feature `postgres` of connreg-backends, and name the crate once (`use connreg_backends as _;`) so that it is linked; linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store; a connection with a name of your own says `type: …`",
            "error: application.yaml:6:3: `db.mine`: there is no connection type `mine`; linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store; a type of another crate is there only if that crate is linked: name it once, as in `use connreg_backends as _;`; a connection with a name of your own says `type: …`",
            "error: application.yaml:7:13: `db.n.type`: expected the name of a connection type, found a list",
            "error: application.yaml:8:18: `db.t.ConnectionType`: the type is given twice; the first one is at application.yaml:8:7; keep one of them",
            "error: application.yaml:12:3: `connections.x`: the connection `x` has no type; add `type: …`; linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store",
            "error: application.yaml:13:3: `connections.postgresql`: the connection `postgresql` has no type; add `type: pg`",
            "error: application.yaml:14:7: `connections.y.tpye`: unknown key; did you mean `type`?",
            "error: application.yaml:15:13: `connections.z.type`: the variable `NONE` is not set; set it, or give a default: `${NONE:…}`",
        ],
    );
}

#[test]
fn foreign_keys_at_the_top() {
    let content = "x-anchors: &a {durable: true}\nlogging: {}\nmem: {}\nconection: {a: {type: mem}}\nmain: {type: mem}\ndb: {mem: {<<: *a}}\n";
    says(
        "connections.yaml",
        content,
        &[
            "error: connections.yaml:2:1: `logging`: `logging` is neither a category nor `connections`; known: db, vector, graph, search, storage, queue, external, http, connections",
            "error: connections.yaml:3:1: `mem`: `mem` is neither a category nor `connections`; put it below `db:`",
            "error: connections.yaml:4:1: `conection`: `conection` is neither a category nor `connections`; did you mean `connections`?",
            "error: connections.yaml:5:1: `main`: `main` is neither a category nor `connections`; put it below `connections:`",
        ],
    );
    says(
        "application.yaml",
        content,
        &[
            "warning: application.yaml:4:1: `conection`: `conection` is neither a category nor `connections`, so it is ignored; did you mean `connections`?",
        ],
    );
}

#[test]
fn a_name_is_there_once_in_a_layer() {
    Folder::new()
        .file("application-db.yaml", "db:\n  mem: {durable: true}\n")
        .file("application-db.json", "{\"db\": {\"MEM\": {\"ratio\": 7}}}")
        .file("connections.toml", "[connections.m-e-m]\ntype = 'pg'\n")
        .says(&[
            "error: application-db.json:1:26: `db.MEM.ratio`: 7 is too large; write a value in 0.0..=1.0",
            "error: application-db.yaml:2:3: `db.mem`: the connection `mem` is configured twice; the first one is at application-db.json:1:9; a name is unique across categories",
            "error: connections.toml:1:14: `connections.m-e-m`: the connection `m-e-m` is configured twice; the first one is at application-db.json:1:9; a name is unique across categories",
            "error: connections.toml:1:14: `connections.m-e-m.database`: `database` is missing; for example `database: shop`",
        ]);
}

#[test]
fn a_shared_section_is_there_once_in_a_layer() {
    Folder::new()
        .file("application.yaml", "external: {atlassian: {url: 'http://x', space: s}}\n")
        .file("connections.yaml", "external: {Atlassian: {url: 'http://x', space: s}}\nconnections: {confluence: {type: mem}}\n")
        .says(&[
            "error: connections.yaml:1:12: `external.Atlassian`: `external.Atlassian` is configured twice; the first one is at application.yaml:1:12; keep one of them",
            "error: connections.yaml:2:15: `connections.confluence`: the connection `confluence` is configured twice; the first one is at application.yaml:1:12; a name is unique across categories",
        ]);
}

#[test]
fn references() {
    says(
        "application.yaml",
        "db:\n  pg: {database: d}\n  mem: {}\n  off: {type: pg, database: d, enabled: false}\nvector:\n  a: {type: pgvector, base: pgg}\n  b: {type: pgvector, base: mem}\n  c: {type: pgvector, base: PG, next: d}\n  d: {type: pgvector, base: off, next: e}\n  e: {type: pgvector, base: pg, next: c}\n  f: {type: pgvector, base: nothing-like-it}\n  g: {type: pgvector, base: pg, next: g}\n  h: {type: pgvector, base: [pg]}\n",
        &[
            "error: application.yaml:6:29: `vector.a.base`: there is no connection `pgg`; did you mean `pg`?",
            "error: application.yaml:7:29: `vector.b.base`: `mem` is a connection of type `mem`, and `pg` is needed; name a connection of type `pg`",
            "error: application.yaml:9:29: `vector.d.base`: the connection `off` is disabled; enable it, or disable this one as well",
            "error: application.yaml:10:39: `vector.e.next`: connections refer to each other in a circle: c → d → e → c; leave one of these references out",
            "error: application.yaml:11:29: `vector.f.base`: there is no connection `nothing-like-it`; connections of type `pg`: pg, off",
            "error: application.yaml:12:39: `vector.g.next`: connections refer to each other in a circle: g → g; leave one of these references out",
            "error: application.yaml:13:29: `vector.h.base`: expected the name of a connection, found a list",
        ],
    );
}

#[test]
fn what_may_stand_in_a_broken_file_is_not_missed() {
    Folder::new()
        .file("application-db.yaml", "db: {pg: {")
        .file("application.yaml", "vector: {pgvector: {base: pg}}\nconnections: {x: {durable: true}}\n")
        .env("CONNREG__PG__HOST", "h")
        .says(&["error: application-db.yaml:1:10: not valid YAML: this `{` is not closed; write `}` behind what belongs to it"]);
}

#[test]
fn checks_of_a_types_own() {
    let one = |content: &str, expected: &str| {
        says(
            "application.yaml",
            &format!("db: {{checked: {{{content}}}}}"),
            &[expected],
        );
    };
    one(
        "role: reader",
        "error: application.yaml:1:6: `db.checked`: a role needs a password",
    );
    one(
        "role: reader, password: hunter2",
        "error: application.yaml:1:6: `db.checked`: the settings do not fit together",
    );
    one(
        "password: hunt",
        "error: application.yaml:1:26: `db.checked.password`: not accepted",
    );
    one(
        "role: raeder",
        "error: application.yaml:1:22: `db.checked.role`: `raeder` is not allowed; did you mean `reader`? Allowed: reader, writer",
    );
    one(
        "role: '${NO:hunter2}'",
        "error: application.yaml:1:22: `db.checked.role`: not allowed (from the default in ${NO:…}); allowed: reader, writer",
    );
    one(
        "shape: {a: hunter2}",
        "error: application.yaml:1:23: `db.checked.shape`: expected an integer for `a`",
    );
    one(
        "shape: {a: 300}",
        "error: application.yaml:1:23: `db.checked.shape`: expected an unsigned 8 bit integer for `a`",
    );
    one(
        "headers: {a: hunter2}",
        "error: application.yaml:1:29: `db.checked.headers.a`: expected a whole number, found text",
    );
    one(
        "headers: {a: 70000}",
        "error: application.yaml:1:29: `db.checked.headers.a`: out of range, which is 0..=65535",
    );
}

#[test]
fn no_secret_is_ever_told() {
    const SECRET: &str = "hunter2";
    for content in [
        "db: {pg: {database: d, password: [hunter2]}}",
        "db: {pg: {database: d, password: {hunter2: x}}}",
        "db: {pg: {database: d, pasword: hunter2}}",
        "db: {pg: {database: d, password: hunter2, Password: hunter2}}",
        "db: {pg: {database: d, password: '${X${hunter2'}}",
        "db: {pg: {database: d, password: '${NONE:${hunter2}'}}",
        "db: {pg: {database: d, password: @hunter2}}",
        "db:\n  pg: hunter2\n",
        "db: hunter2",
        "hunter2",
        "db: {mem: {pin: \"hunter2}}",
        "db: {mem: {pin: hunter2: x}}",
        "db: {mem: {pin: \"\\qhunter2\"}}",
        "db: {mem: {pin: !hunter hunter2}}",
        "db: {mem: {ratio: '${S}', durable: '${S}', limit: '${S}'}}",
        "db: {pg: {database: d, port: '${S}', statement_timeout: '${S}', tls: {mode: '${S}'}}}",
        "db: {finder: {hosts: ['http://u:hunter2@:x/', 'hunter2', '${S}']}}",
        "external: {atlassian: {url: 'hunter2', space: s, token: {a: hunter2}}}",
        "db: {mem: {type: '${S}'}}",
        "db: {pg: {database: d, password_file: '${S}'}}",
        "db: {pg: {database: d, host: '${file:${S}}'}}",
        "vector: {pgvector: {base: '${S}'}}",
    ] {
        let folder = Folder::new()
            .file("application.yaml", content)
            .env("S", SECRET);
        let said = folder.findings().join("\n");
        assert!(!said.is_empty(), "{content}");
        assert!(!said.contains(SECRET), "{content}\n{said}");
    }
    for (file, content) in [
        (
            "application.json",
            "{\"db\": {\"pg\": {\"password\": hunter2}}}",
        ),
        (
            "application.json",
            "{\"db\": {\"pg\": {\"password\": \"hunter2}}}",
        ),
        (
            "application.json",
            "{\"db\": {\"pg\": {\"password\": \"\\uhunter2\"}}}",
        ),
        (
            "application.json",
            "{\"db\": {\"pg\": {\"password\": \"x\" \"hunter2\"}}}",
        ),
        ("application.toml", "[db.pg]\npassword = hunter2\n"),
        ("application.toml", "[db.pg]\npassword = 'hunter2\n"),
        ("application.toml", "[db.pg]\npassword = \"\\hunter2\"\n"),
        ("application.toml", "[db.pg]\npassword = 'a' hunter2\n"),
        (
            "application.toml",
            "[db.pg]\npassword = 'hunter2'\npassword = 'hunter2'\n",
        ),
    ] {
        let said = Folder::new().file(file, content).findings().join("\n");
        assert!(!said.is_empty(), "{content}");
        assert!(!said.contains(SECRET), "{content}\n{said}");
    }
}
