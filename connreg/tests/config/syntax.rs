//! Files that are no YAML, TOML or JSON, and those that only look so.

use std::fmt::Write;

use crate::folder::Folder;
use crate::types::Mode::VerifyFull;
use crate::types::{Mem, Pg};

/// What is said of one file.
fn said(file: &str, content: impl AsRef<[u8]>) -> String {
    Folder::new().file(file, content).findings().join("\n")
}

#[test]
fn broken_yaml_is_told_where_it_breaks() {
    for (content, expected) in [
        (
            "db:\n\tpg: 1\n",
            "2:2: not valid YAML: a tab stands where only spaces may; indent with spaces",
        ),
        (
            "db: 'x\nb: 1\n",
            "1:5: not valid YAML: a quote is not closed; close it, or indent the lines that belong to it",
        ),
        (
            "db:\n  a: 1\n b: 2\n",
            "3:2: not valid YAML: a key was expected here; indent the keys of one table alike",
        ),
        (
            "db:\n  a 1\n  c: 2\n",
            "3:4: not valid YAML: a `:` stands where no key can be; put a value that holds `: ` into quotes, and check that the line above has its own `:`",
        ),
        (
            "db: [1, 2\nb: 3\n",
            "2:2: not valid YAML: a `:` stands where no key can be; close the `[` or `{` further up",
        ),
        (
            "db: {a: 1\nc: 2\n",
            "2:2: not valid YAML: `,` or `}` was expected here; close the `{` further up",
        ),
        (
            "db: @x\n",
            "1:5: not valid YAML: a value can't begin with this character; put the value into quotes",
        ),
        (
            "db: *no\n",
            "1:5: not valid YAML: this alias (`*…`) has no anchor; write `&name` before the value that it stands for, further up in this file",
        ),
        (
            "db: &a [*a]\n",
            "1:9: `db[0]`: this alias refers to what it stands in",
        ),
        (
            "db: 'a' x\n",
            "1:9: not valid YAML: something follows a closing quote; put the whole value into quotes; within single quotes, `''` stands for one",
        ),
        (
            "db: {}\n---\ndb: {}\n",
            "2:1: a second document begins here; a file holds one; put it into a file of its own",
        ),
        (
            "db: {mem: {[a]: b}}\n",
            "1:12: `db.mem.?`: a key must be text, not a list",
        ),
        (
            "db: {mem: {<<: 3}}\n",
            "1:16: `db.mem.<<`: `<<` takes a mapping, or a list of mappings",
        ),
        (
            "db: {mem: {pin: !vault x}}\n",
            "1:17: `db.mem.pin`: this tag is not known; leave it out, or put a value that begins with `!` into quotes; `!!str`, `!!int`, `!!float`, `!!bool` and `!!null` are known",
        ),
        (
            "db: {mem: {ratio: !!int x}}\n",
            "1:19: `db.mem.ratio`: the tag `!!int` does not fit here; leave it out, or put a value that begins with `!` into quotes; `!!str`, `!!int`, `!!float`, `!!bool` and `!!null` are known",
        ),
        (
            "- a\n",
            "1:1: expected keys and values, found a list; begin with a category (`db:`) or with `connections:`",
        ),
        (
            "db:\n  - mem\n",
            "2:3: `db`: expected a table of connections by type, found a list",
        ),
    ] {
        assert_eq!(
            said("application.yaml", content),
            format!("error: application.yaml:{expected}"),
            "{content}"
        );
    }
}

#[test]
fn broken_json_and_toml_are_told_where_they_break() {
    for (content, expected) in [
        (
            "{\"db\": {\"mem\": {\"pin\": }}}",
            "1:24: not valid JSON: unexpected close brace; check commas, colons, quotes and braces here and in the lines above",
        ),
        (
            "{\"db\": {}\n\"x\": 1}",
            "1:10: not valid JSON: expected comma; check commas, colons, quotes and braces here and in the lines above",
        ),
        (
            "{db: {}}",
            "1:2: not valid JSON: expected string for object property; check commas, colons, quotes and braces here and in the lines above",
        ),
        (
            "{\"ü\": 'x'}",
            "1:7: not valid JSON: single-quoted strings are not allowed; check commas, colons, quotes and braces here and in the lines above",
        ),
        (
            "{\"db\": {",
            "1:8: not valid JSON: unterminated object; check commas, colons, quotes and braces here and in the lines above",
        ),
        (
            "{} {}",
            "1:4: not valid JSON: text cannot contain more than one JSON value; check commas, colons, quotes and braces here and in the lines above",
        ),
        (
            "[]",
            "1:1: expected keys and values, found a list; begin with a category (`db:`) or with `connections:`",
        ),
    ] {
        assert_eq!(
            said("application.json", content),
            format!("error: application.json:{expected}"),
            "{content}"
        );
    }
    for (content, expected) in [
        (
            "[db.mem]\npin = x\n",
            "2:7: not valid TOML: string values must be quoted, expected literal string; check quotes, brackets and `=` here and in the lines above",
        ),
        (
            "[db.mem]\npin = 'a'\npin = 'b'\n",
            "3:1: not valid TOML: duplicate key; check quotes, brackets and `=` here and in the lines above",
        ),
        (
            "[db.mem\n",
            "1:8: not valid TOML: unclosed table, expected `]`; check quotes, brackets and `=` here and in the lines above",
        ),
    ] {
        assert_eq!(
            said("application.toml", content),
            format!("error: application.toml:{expected}"),
            "{content}"
        );
    }
}

#[test]
fn a_key_that_is_there_twice_ends_nothing() {
    let yaml = "db:\n  mem: {pin: a, pin: b, ratio: 7}\n  pg: {database: d}\ndb:\n  other: {type: mem, limit: x}\n";
    assert_eq!(
        said("application.yaml", yaml),
        "error: application.yaml:2:17: `db.mem.pin`: the key `pin` is there twice; the first one is at application.yaml:2:9; keep one of them\n\
         error: application.yaml:2:32: `db.mem.ratio`: 7 is too large; write a value in 0.0..=1.0\n\
         error: application.yaml:4:1: `db`: the key `db` is there twice; the first one is at application.yaml:1:1; keep one of them\n\
         error: application.yaml:5:29: `db.other.limit`: expected a size such as \"64 MiB\", found `x`"
    );
    let json = "{\"db\": {\"mem\": {\"pin\": 1}, \"mem\": {\"pin\": 2}}}";
    assert_eq!(
        said("application.json", json),
        "error: application.json:1:28: `db.mem`: the key `mem` is there twice; the first one is at application.json:1:9; keep one of them\n\
         error: application.json:1:36: `db.mem.pin`: the key `pin` is there twice; the first one is at application.json:1:17; keep one of them"
    );
}

#[test]
fn places_are_right_behind_marks_line_ends_and_wide_characters() {
    for (file, content, expected) in [
        (
            "application.yaml",
            "\u{feff}db:\r\n  mem:\r\n    pin: 'üß🦀'\r\n    ratio: 7\r\n",
            "4:12",
        ),
        (
            "application.yaml",
            "\u{feff}db: {mem: {pin: 'üß🦀', ratio: 7}}",
            "1:31",
        ),
        (
            "application.toml",
            "\u{feff}[db.mem]\r\npin = 'ü'\r\nratio = 7.5\r\n",
            "3:9",
        ),
        (
            "application.toml",
            "db.mem = { pin = 'üß🦀', ratio = 7 }",
            "1:33",
        ),
        (
            "application.json",
            "\u{feff}{\"db\":\r\n {\"mem\": {\"pin\": \"üß🦀\", \"ratio\": 7}}}",
            "2:34",
        ),
    ] {
        let said = said(file, content);
        assert!(
            said.starts_with(&format!("error: {file}:{expected}: `db.mem.ratio`: ")),
            "{said}"
        );
    }
}

#[test]
fn a_mistakes_span_is_what_was_written() {
    for (file, content, expected) in [
        (
            "application.yaml",
            "\u{feff}# ü\r\ndb:\r\n  mem:\r\n    hots: 1\r\n    ratio: '7'\r\n    pin: [a, ß]\r\n",
            ["hots", "'7'", "[a, ß]"],
        ),
        (
            "application.yaml",
            "db: {mem: {hots: ü, ratio: \"7\", pin: {a: b}}}",
            ["hots", "\"7\"", "{a: b}"],
        ),
        (
            "application.yaml",
            "db:\n  mem:\n    \"hots\": x\n    ratio: 7.5 # ü\n    pin:\n      - a\n",
            ["\"hots\"", "7.5", "- a\n"],
        ),
        (
            "application.json",
            "\u{feff}{\"db\":\r\n {\"mem\": {\"hots\": \"ü\", \"ratio\": 7e0, \"pin\": [\"ß\"]}}}",
            ["\"hots\"", "7e0", "[\"ß\"]"],
        ),
        (
            "application.toml",
            "\u{feff}# ü\r\n[db.mem]\r\nhots = 'ü'\r\nratio = 7.5\r\npin = ['ß']\r\n",
            ["hots", "7.5", "['ß']"],
        ),
        (
            "application.toml",
            "db.mem.hots = 1\ndb.mem = { ratio = 7 }\n",
            ["", "", ""],
        ),
    ] {
        let folder = Folder::new().file(file, content);
        let error = folder.load().expect_err("there are mistakes");
        let report = error.report().expect("a report");
        let spans = report
            .mistakes()
            .iter()
            .filter_map(|mistake| mistake.origin()?.span());
        let written: Vec<&str> = spans.map(|span| &content[span.start..span.end]).collect();
        if expected[0].is_empty() {
            // A syntax error: its span is the parser's.
            assert_eq!(written.len(), 1, "{content}");
        } else {
            assert_eq!(written, expected, "{content}");
        }
    }
}

#[test]
fn what_is_not_utf_8_is_told() {
    for (content, expected) in [
        (
            &b"db:\n  mem: {pin: \xff}\n"[..],
            "2:14: the file is not UTF-8; save it as UTF-8",
        ),
        (
            b"\xff\xfed\x00b\x00",
            "1:1: the file is UTF-16, not UTF-8; save it as UTF-8",
        ),
    ] {
        assert_eq!(
            said("application.yaml", content),
            format!("error: application.yaml:{expected}")
        );
    }
}

#[test]
fn empty_files_are_no_mistake() {
    for file in ["application.yaml", "application.toml", "application.json"] {
        for content in ["", "\u{feff}", "\n\n", "  "] {
            assert_eq!(said(file, content), "", "{file} {content:?}");
        }
    }
    for (file, content) in [
        ("application.yaml", "# only a comment\n"),
        ("application.yaml", "---\n"),
        ("application.yaml", "db:\nconnections:\n"),
        ("application.json", "// only a comment\n"),
        ("application.toml", "# only a comment\n"),
    ] {
        assert_eq!(said(file, content), "", "{file} {content:?}");
    }
}

#[test]
fn anchors_and_merge_keys_work() {
    let folder = Folder::new().file(
        "application.yaml",
        "x-base: &base\n  Host: shared\n  database: d\n  tls: &tls {mode: verify-full}\nx-more: &more {database: e, port: 7}\ndb:\n  a: {type: pg, <<: *base, host: own}\n  b: {type: pg, <<: [*base, *more]}\n  c: {<<: *more, type: pg, tls: *tls}\n",
    );
    folder.says(&[]);
    let connections = folder.loaded();
    let of = |name: &str| {
        let pg = connections.get::<Pg>(name).expect(name);
        let settings = pg.settings();
        (
            settings.host.clone(),
            settings.port,
            settings.database.clone(),
            settings.tls.mode,
        )
    };
    assert_eq!(of("a"), ("own".into(), 5432, "d".into(), VerifyFull));
    assert_eq!(of("b"), ("shared".into(), 7, "d".into(), VerifyFull));
    assert_eq!(of("c"), ("localhost".into(), 7, "e".into(), VerifyFull));
}

#[test]
fn json_may_hold_what_dot_net_allows() {
    let json = "// a comment\n{\"db\": {\"mem\": {\"pin\": \"a\\u00e4\\n\", /* another */ \"ratio\": 1e-1,},},}\n";
    let folder = Folder::new().file("appsettings.json", json);
    let connections = folder.loaded();
    let mem = connections.get::<Mem>("mem").expect("mem");
    assert_eq!(mem.settings().pin.as_ref().expect("a pin").expose(), "aä\n");
    assert!((mem.settings().ratio - 0.1).abs() < 1e-9);
}

#[test]
fn deep_nesting_is_refused_and_exhausts_nothing() {
    let deep = 100_000;
    let mut yaml_blocks = String::new();
    for level in 0..2_000 {
        let _ = writeln!(yaml_blocks, "{}a:", " ".repeat(level));
    }
    for (file, content) in [
        ("application.yaml", "[".repeat(deep)),
        ("application.yaml", "{a: ".repeat(deep)),
        ("application.yaml", "- ".repeat(deep)),
        ("application.yaml", "? ".repeat(deep)),
        ("application.yaml", yaml_blocks),
        ("application.json", "[".repeat(deep)),
        ("application.json", "{\"a\":".repeat(deep)),
        ("application.json", format!("// \"\n{}", "[".repeat(deep))),
        ("application.toml", format!("a = {}", "[".repeat(deep))),
        ("application.toml", format!("a = {}", "{a = ".repeat(deep))),
        ("application.toml", format!("a{} = 1", ".a".repeat(deep))),
        ("application.toml", format!("[a{}]", ".a".repeat(deep))),
    ] {
        let said = said(file, &content);
        assert!(
            said.contains(
                "lists and tables are nested too deeply; no setting needs more than 100 levels"
            ),
            "{file} {content:.20}: {said:.300}"
        );
    }
}

#[test]
fn aliases_can_not_ask_for_billions() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        let _ = writeln!(laughs, "a{level}: &a{level} [{before}]");
    }
    let said = said("application.yaml", laughs);
    assert!(
        said.contains("aliases copy more than 100000 values; write the values out"),
        "{said}"
    );
    let mut chain = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n".to_owned();
    for level in 1..30 {
        let _ = writeln!(
            chain,
            "a{level}: &a{level} [[[[[[[[[[*a{}]]]]]]]]]]",
            level - 1
        );
    }
    let said = crate::syntax::said("application.yaml", chain);
    assert!(said.contains("nested too deeply"), "{said}");
}
