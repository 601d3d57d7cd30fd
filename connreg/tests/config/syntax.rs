//! Files that are no YAML, TOML or JSON, and those that only look so.

use std::fmt::Write;

use crate::folder::Folder;
use crate::types::Mode::VerifyFull;
use crate::types::{Mem, Pg};

/// What is said of one file.
fn said(file: &str, content: impl AsRef<[u8]>) -> String {
    Folder::new().file(file, content).findings().join("\n")
}

/// What no case below `broken/` holds: one complaint, word for word.
#[track_caller]
fn are_told(cases: &[(&str, &str, &str)]) {
    for (file, content, expected) in cases {
        assert_eq!(
            said(file, content),
            format!("error: {file}:{expected}"),
            "{content}"
        );
    }
}

#[test]
fn broken_yaml_is_told_where_it_breaks() {
    are_told(&[
        (
            "application.yaml",
            "db:\n\tmem: {}\n",
            "2:1: not valid YAML: a tab stands where only spaces may; write spaces",
        ),
        (
            "application.yaml",
            "db: 'x\nlogging: 1\n",
            "1:5: not valid YAML: a quote is not closed; close it, or indent the lines that belong to it",
        ),
        (
            "application.yaml",
            "db:\n  a: {type: mem}\n b: {type: mem}\n",
            "3:2: not valid YAML: a key was expected here; indent the keys of one table alike",
        ),
        (
            "application.yaml",
            "db: [1, 2\nlogging: 3\n",
            "1:5: not valid YAML: this `[` is not closed; write `]` behind what belongs to it",
        ),
        (
            "application.yaml",
            "db: @x\n",
            "1:5: not valid YAML: a value can't begin with this character; put the value into quotes",
        ),
        (
            "application.yaml",
            "db: *no\n",
            "1:5: not valid YAML: this alias (`*…`) has no anchor; write `&name` before the value that it stands for, further up in this file",
        ),
        (
            "application.yaml",
            "db: 'a' x\n",
            "1:9: not valid YAML: something follows a closing quote; put the whole value into quotes; within single quotes, `''` stands for one",
        ),
        (
            "application.yaml",
            "db: {}\n---\ndb: {}\n",
            "2:1: a second document begins here; a file holds one; put it into a file of its own",
        ),
        (
            "application.yaml",
            "db: {mem: {[a]: b}}\n",
            "1:12: `db.mem.?`: a key must be text, not a list",
        ),
        (
            "application.yaml",
            "db: {mem: {<<: 3}}\n",
            "1:16: `db.mem.<<`: `<<` takes a mapping, or a list of mappings",
        ),
        (
            "application.yaml",
            "- a\n",
            "1:1: expected keys and values, found a list; begin with a category (`db:`) or with `connections:`",
        ),
    ]);
}

#[test]
fn broken_json_and_toml_are_told_where_they_break() {
    are_told(&[
        (
            "application.json",
            "{\"db\": {\"mem\": {\"pin\": }}}",
            "1:24: not valid JSON: a value is missing here; write a value, or leave the key out",
        ),
        (
            "application.json",
            "{\"db\": {}\n\"x\": 1}",
            "1:10: not valid JSON: a comma is missing here; separate values by commas",
        ),
        (
            "application.json",
            "{db: {}}",
            "1:2: not valid JSON: a key stands in double quotes; write `\"key\": value`",
        ),
        (
            "application.json",
            "{\"ü\": 'x'}",
            "1:7: not valid JSON: JSON knows double quotes only; write \"…\" instead of '…'",
        ),
        (
            "application.json",
            "{\"db\": {",
            "1:8: not valid JSON: this `{` is not closed; write `}` behind what belongs to it",
        ),
        (
            "application.json",
            "{} {}",
            "1:4: not valid JSON: something follows the end of the outermost brackets; a file holds one value; look for a bracket above that closes too early",
        ),
        (
            "application.toml",
            "[db.mem]\npin = x\n",
            "2:7: not valid TOML: a text stands in quotes; put it into quotes",
        ),
        (
            "application.toml",
            "[db.mem]\npin = 'a'\npin = 'b'\n",
            "3:1: `db.mem.pin`: the key `pin` is there twice; the first one is at application.toml:2:1; keep one of them",
        ),
        (
            "application.toml",
            "[db.mem\n",
            "1:1: not valid TOML: this `[` is not closed; write `]` behind what belongs to it",
        ),
    ]);
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
            "db.mem.hots = 1\ndb.mem.ratio = 7\ndb.mem.pin = {}\n",
            ["hots", "7", "{}"],
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
        assert_eq!(written, expected, "{content}");
    }
}

#[test]
fn what_is_not_utf_8_is_told() {
    for (content, expected) in [
        (
            &b"db:\n  mem: {pin: \xff}\n"[..],
            "2:14: the file is not UTF-8: the byte 0xFF is none here; save it as UTF-8",
        ),
        (
            b"\xff\xfed\x00b\x00",
            "1:1: the file is UTF-16, not UTF-8; save it as UTF-8",
        ),
        (
            b"d\x00b\x00:\x00",
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

#[test]
fn what_is_no_file_is_told_and_not_waited_for() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("application.yaml")).expect("a directory");
    folder.says(&[
        "error: application.yaml: this is a directory, not a file; make it readable for this program, or move it away",
    ]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_told() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let folder = Folder::new().file("real", "db: {mem: {ratio: 7}}\n");
    symlink("nowhere", folder.path().join("application.toml")).expect("a link");
    symlink("real", folder.path().join("application.yaml")).expect("a link");
    let pipe = folder.path().join("application.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if !made.is_ok_and(|status| status.success()) {
        UnixListener::bind(&pipe).expect("a socket");
    }
    folder.says(&[
        "error: application.json: this is a pipe, a socket or a device, not a file; make it readable for this program, or move it away",
        "error: application.toml: this link leads to a file that is not there; make it readable for this program, or move it away",
        "error: application.yaml:1:19: `db.mem.ratio`: 7 is too large; write a value in 0.0..=1.0",
    ]);
}

#[test]
fn a_carriage_return_alone_ends_a_line() {
    for (file, content, place) in [
        ("application.yaml", "db:\r  mem:\r    ratio: 7\r", "3:12"),
        (
            "application.json",
            "// c\r{\"db\":\r {\"mem\": {\"ratio\": 7}}}\r",
            "3:20",
        ),
        ("application.toml", "# c\r[db.mem]\rratio = 7\r", "3:9"),
    ] {
        let said = said(file, content);
        assert!(
            said.starts_with(&format!("error: {file}:{place}: `db.mem.ratio`: ")),
            "{said}"
        );
    }
}
