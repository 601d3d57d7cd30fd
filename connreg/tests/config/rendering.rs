//! Reports as a person sees them.

use connreg::config::Report;
use expect_test::{Expect, expect};

use crate::folder::Folder;

#[expect(clippy::needless_pass_by_value, reason = "as the macro makes it")]
#[track_caller]
fn renders(folder: Folder, expected: Expect) {
    let path = format!("{}/", folder.path().display());
    expected.assert_eq(&report(&folder).to_string().replace(&path, ""));
}

/// All findings, whether or not they make the configuration unusable.
fn report(folder: &Folder) -> Report {
    match folder.load() {
        Ok(connections) => Report::clone(&connections.warnings()),
        Err(error) => match error.report() {
            Some(report) => report.clone(),
            None => panic!("{error}"),
        },
    }
}

#[test]
fn values_and_keys_in_yaml() {
    renders(
        Folder::new().file(
            "application.yaml",
            "db:\n  pg:   # the main one\n    host: [a]\n    port: 70000  # hunter2\n    hots: hunter2\n    database: 'shop' \n    tls: {mode: ful, pasphrase: hunter2}\n    options: {a: b}\n    password: hunter2\n    PassWord: \"hunter 2\"\n",
        ),
        expect![[r#"
            error[CR0401]: `db.pg.host`: expected text, found a list
             --> application.yaml:3:11
              |
            3 |     host: […]
              |           ^^^

            error[CR0402]: `db.pg.port`: 70000 is out of range, which is 1..=65535
             --> application.yaml:4:11
              |
            4 |     port: 70000
              |           ^^^^^

            error[CR0301]: `db.pg.hots`: unknown key
             --> application.yaml:5:5
              |
            5 |     hots: …
              |     ^^^^
              |
              = help: did you mean `host`?

            error[CR0404]: `db.pg.tls.mode`: expected one of off, verify_full, found `ful`
             --> application.yaml:7:17
              |
            7 |     tls: {mode: ful, …: …}
              |                 ^^^

            error[CR0301]: `db.pg.tls.pasphrase`: unknown key
             --> application.yaml:7:22
              |
            7 |     tls: {mode: …, pasphrase: …}
              |                    ^^^^^^^^^
              |
              = help: did you mean `passphrase`?

            error[CR0303]: `db.pg.PassWord`: `password` is set twice: also as `password`
              --> application.yaml:10:5
               |
            10 |     PassWord: "…"
               |     ^^^^^^^^
              ::: application.yaml:9:5
               |
             9 |     password: …
               |     -------- the other one is here
               |
               = help: keep one of them

            error: 6 errors in 1 file
             |
             = note: `connreg explain-error CR0301` tells more; the codes here are CR0301, CR0303, CR0401, CR0402, …
        "#]],
    );
}

#[test]
fn values_and_keys_in_toml() {
    renders(
        Folder::new().file(
            "connections.toml",
            "[connections.a]\ntype = 'mem'\nratio = 2.5 # hunter2\npin = ['hunter2']\n\n[connections.b]\ntype = \"Mmem\"\nlimit='4 MiB'\n[connections.c]\nconnectionstring='hunter2'\n",
        ),
        expect![[r#"
            error[CR0402]: `connections.a.ratio`: 2.5 is too large
             --> connections.toml:3:9
              |
            3 | ratio = 2.5
              |         ^^^
              |
              = help: write a value in 0.0..=1.0

            error[CR0401]: `connections.a.pin`: expected text (a secret), found a list
             --> connections.toml:4:7
              |
            4 | pin = ['…']
              |       ^^^^^

            error[CR0204]: `connections.b.type`: there is no connection type `Mmem`
             --> connections.toml:7:8
              |
            7 | type = "Mmem"
              |        ^^^^^^
              |
              = help: did you mean `mem`? linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store

            error[CR0203]: `connections.c`: the connection `c` has no type
             --> connections.toml:9:14
              |
            9 | [connections.c]
              |              ^
              |
              = help: add `type: …`; linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store

            error: 4 errors in 1 file
             |
             = note: `connreg explain-error CR0203` tells more; the codes here are CR0203, CR0204, CR0401, CR0402
        "#]],
    );
}

#[test]
fn values_and_keys_in_json() {
    renders(
        Folder::new().file(
            "appsettings.json",
            "{\"Connections\": {\"B\": {\"ConnectionType\": \"mem\", \"Pin\": \"hunter2\", \"Ratio\": \"much\", \"Piin\": 12345}, // hunter2\r\n\t\"C\": {\"ConnectionType\": \"pg\"}}}\r\n",
        ),
        expect![[r#"
            error[CR0401]: `Connections.B.Ratio`: expected a number, found `much`
             --> appsettings.json:1:76
              |
            1 | {"Connections": {"B": {"ConnectionType": "…", "Pin": "…", "Ratio": "much", "…": …},
              |                                                                    ^^^^^^

            error[CR0301]: `Connections.B.Piin`: unknown key
             --> appsettings.json:1:84
              |
            1 | {"Connections": {"B": {"ConnectionType": "…", "Pin": "…", "Ratio": "…", "Piin": …},
              |                                                                         ^^^^^^
              |
              = help: did you mean `pin`?

            error[CR0302]: `Connections.C.database`: `database` is missing
             --> appsettings.json:2:2
              |
            2 |     "C": {"ConnectionType": "…"}}}
              |     ^^^
              |
              = help: for example `database: shop`

            error: 3 errors in 1 file
             |
             = note: `connreg explain-error CR0301` tells more; the codes here are CR0301, CR0302, CR0401
        "#]],
    );
}

#[test]
fn broken_files() {
    renders(
        Folder::new()
            .file(
                "application.yaml",
                "db:\n  pg:\n    database: x\n\tpassword: hunter2\n",
            )
            .file(
                "application-db.yaml",
                "db:\n  other:\n    password: \"hunter2\n    type: mem\n",
            )
            .file(
                "connections.toml",
                "[connections.shop]\ntype = 'mem'\npin = hunter2\n",
            )
            .file(
                "appsettings.json",
                "{\"Connections\": {\"B\": {\"Type\": \"mem\", \"Pin\": \"hunter2\" \"Ratio\": 1}}}",
            ),
        expect![[r#"
            error[CR0301]: `db.other.password`: unknown key
             --> application-db.yaml:3:5
              |
            3 |     password: "…
              |     ^^^^^^^^
              |
              = help: known keys: limit, ratio, durable, pin, connection_string

            error[CR0103]: not valid YAML: a quote is not closed
             --> application-db.yaml:3:15
              |
            3 |     password: "…
              |               ^^
              |
              = help: close it, or indent the lines that belong to it

            error[CR0103]: not valid YAML: a tab stands where only spaces may
             --> application.yaml:4:1
              |
            4 |     password: …
              | ^^^^
              |
              = help: write spaces

            error[CR0105]: not valid JSON: a comma is missing here
             --> appsettings.json:1:55
              |
            1 | {"Connections": {"…": {"Type": "…", "Pin": "…" "Ratio": …}}}
              |                                               ^
              |
              = help: separate values by commas

            error[CR0104]: not valid TOML: a text stands in quotes
             --> connections.toml:3:7
              |
            3 | pin = …
              |       ^
              |
              = help: put it into quotes

            error: 5 errors in 4 files
             |
             = note: `connreg explain-error CR0103` tells more; the codes here are CR0103, CR0104, CR0105, CR0301
        "#]],
    );
}

#[test]
fn places_stay_right_behind_tabs_marks_and_wide_characters() {
    renders(
        Folder::new()
            .file(
                "application.yaml",
                "\u{feff}db:\r\n  mem: {pin: \"日本語\", ratio: 数, limit: '🦀🦀'}\r\n",
            )
            .file(
                "appsettings.json",
                "{\n\t\"Connections\":\t{ \"größe\":\t{\"Type\":\t\"mem\",\t\"Ratio\":\ttrue}}\n}",
            ),
        expect![[r#"
            error[CR0401]: `db.mem.ratio`: expected a number, found `数`
             --> application.yaml:2:28
              |
            2 |   mem: {pin: "…", ratio: 数, limit: '…'}
              |                          ^^

            error[CR0401]: `db.mem.limit`: expected a size such as "64 MiB", found `🦀🦀`
             --> application.yaml:2:38
              |
            2 |   mem: {pin: "…", ratio: …, limit: '🦀🦀'}
              |                                    ^^^^^^

            error[CR0401]: `Connections.größe.Ratio`: expected a number, found a boolean
             --> appsettings.json:2:53
              |
            2 |     "Connections":    { "größe":    {"Type":    "…",    "Ratio":    true}}
              |                                                                     ^^^^

            error: 3 errors in 2 files
             |
             = note: `connreg explain-error CR0401` tells more
        "#]],
    );
}

#[test]
fn what_comes_from_elsewhere_is_said() {
    renders(
        Folder::new()
            .file("application.yaml", "db:\n  pg: {database: d, port: '${PG_PORT}', statement_timeout: '${WAIT:soon}', host: '${HOST}'}\n  mem:\n")
            .env("PG_PORT", "hunter2")
            .env("PGHSOT", "x")
            .env("CONNREG__MEM__RATIO", "2")
            .env("CONNREG__PG__HOTS", "hunter2")
            .set("pg.tls.mode", "none"),
        expect![[r#"
            error[CR0401]: `db.pg.port`: expected a whole number, found text
             --> application.yaml:2:27
              |
            2 |   pg: {database: …, port: '${PG_PORT}', statement_timeout: '…', host: '…'}
              |                           ^^^^^^^^^^^^
              |
              = note: the value comes from $PG_PORT

            error[CR0401]: `db.pg.statement_timeout`: expected a duration such as "30s", found text
             --> application.yaml:2:60
              |
            2 |   pg: {database: …, port: '…', statement_timeout: '…', host: '…'}
              |                                                   ^^^
              |
              = note: the value comes from the default in ${WAIT:…}

            error[CR0501]: `db.pg.host`: the variable `HOST` is not set
             --> application.yaml:2:82
              |
            2 |   pg: {database: …, port: '…', statement_timeout: '…', host: '${HOST}'}
              |                                                              ^^^^^^^^^
              |
              = help: set it, or give a default: `${HOST:…}`

            warning[CR0307]: `CONNREG__PG__HOTS`: `hots` is no setting of `pg`, which is of type `pg`
            --> $CONNREG__PG__HOTS
             = help: did you mean `host`?

            error[CR0404]: `db.pg.tls.mode`: expected one of off, verify_full, found `none`
            --> set in code

            error[CR0402]: `db.mem.ratio`: the value is too large
            --> $CONNREG__MEM__RATIO
             = help: write a value in 0.0..=1.0

            error: 5 errors, 1 warning in 1 file
             |
             = note: `connreg explain-error CR0307` tells more; the codes here are CR0307, CR0401, CR0402, CR0404, …
        "#]],
    );
}

#[test]
fn a_long_line_is_cut() {
    let key = format!(
        "\"X\": {{\"type\": \"mem\", \"limit\": \"1 MiB\"}}, \"{}\": null, ",
        "y".repeat(300)
    );
    renders(
        Folder::new().file(
            "connections.json",
            format!("{{\"connections\": {{{key}\"B\": {{\"type\": \"mem\", \"ratio\": 7, \"pin\": \"{}\"}}}}}}", "z".repeat(500)),
        ),
        expect![[r#"
            error[CR0203]: `connections.…`: the connection `…` has no type
             --> connections.json:1:58
              |
            1 | {"connections": {"X": {"type": "…", "limit": "…"}, "… …
              |                                                    ^^
              |
              = help: add `type: …`; linked: archiver, checked, cloud, confluence, finder, jira, mem, pg, pgvector, store

            error[CR0402]: `connections.B.ratio`: 7 is too large
             --> connections.json:1:398
              |
            1 | … …: …, "B": {"type": "…", "ratio": 7, "pin": "… …
              |                                     ^
              |
              = help: write a value in 0.0..=1.0

            error: 2 errors in 1 file
             |
             = note: `connreg explain-error CR0203` tells more; the codes here are CR0203, CR0402
        "#]],
    );
}

#[test]
fn a_connection_that_is_there_twice_shows_both() {
    renders(
        Folder::new()
            .file(
                "application.yaml",
                "db:\n  pg: {database: d}\n  pg: {port: 0}\n",
            )
            .file(
                "connections.yaml",
                "connections:\n  PG: {type: pg, database: e}\n",
            ),
        expect![[r"
            error[CR0113]: `db.pg`: the key `pg` is there twice
             --> application.yaml:3:3
              |
            3 |   pg: {port: …}
              |   ^^
             ::: application.yaml:2:3
              |
            2 |   pg: {database: …}
              |   -- the first one is here
              |
              = help: keep one of them

            error[CR0402]: `db.pg.port`: 0 is too small
             --> application.yaml:3:14
              |
            3 |   pg: {port: 0}
              |              ^
              |
              = help: write a value in 1..=65535

            error[CR0208]: `connections.PG`: the connection `PG` is configured twice
             --> connections.yaml:2:3
              |
            2 |   PG: {type: …, database: …}
              |   ^^
             ::: application.yaml:2:3
              |
            2 |   pg: {database: …}
              |   -- the first one is here
              |
              = help: a name is unique across categories

            error: 3 errors in 2 files
             |
             = note: `connreg explain-error CR0113` tells more; the codes here are CR0113, CR0208, CR0402
        "]],
    );
}

#[test]
#[cfg(feature = "json")]
fn programs_get_each_part_by_itself() {
    let folder = Folder::new()
        .file(
            "application.yaml",
            "db:\n  pg:\n    database: d\n    port: '${PORT}'\n    port: 1\n",
        )
        .env("PORT", "x")
        .env("CONNREG__NONE__HOST", "x");
    let json = report(&folder).to_json().to_string();
    let path = format!("{}/", folder.path().display());
    expect![[r#"{"diagnostics":[{"code":"CR0401","column":11,"file":"application.yaml","help":null,"key":"db.pg.port","line":4,"message":"expected a whole number, found text","origin":"$PORT","severity":"error"},{"code":"CR0113","column":5,"file":"application.yaml","help":"the first one is at application.yaml:4:5; keep one of them","key":"db.pg.port","line":5,"message":"the key `port` is there twice","origin":null,"severity":"error"},{"code":"CR0305","column":null,"file":null,"help":"configured: pg","key":"CONNREG__NONE__HOST","line":null,"message":"there is no connection `none`","origin":"$CONNREG__NONE__HOST","severity":"warning"}]}"#]]
        .assert_eq(&json.replace(&path, ""));
}

#[test]
fn thousands_of_mistakes_make_a_short_report() {
    let keys: Vec<String> = (0..6_000).map(|n| format!("    zzz{n}: {n}\n")).collect();
    let keys = keys.concat();
    let folder = Folder::new().file("application.yaml", format!("db:\n  mem:\n{keys}"));
    let report = report(&folder);
    assert_eq!(report.mistakes().len(), 5_000);
    let text = report.to_string();
    assert!(text.len() < 50_000, "{}", text.len());
    assert!(
        text.contains("error: at least 5000 errors in 1 file"),
        "{text}"
    );
    assert!(
        text.contains("note: 4900 more are not shown here"),
        "{text}"
    );
}
