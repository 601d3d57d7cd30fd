//! Configurations made at random: told alike in every format, and whatever is done to their text, no panic, no hang
//! and no secret.
//!
//! Seconds as a rule; `CONNREG_SOAK_SECONDS` says otherwise.

use std::fmt::Write;
use std::time::{Duration, Instant};

use connreg::config::Style;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::broken::report;
use crate::folder::Folder;
use crate::robustness::{SECRET, is_elsewhere};

/// Debug builds on a busy machine are slow; what hangs takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A value as any format may write it.
#[derive(Clone, Debug)]
enum Tree {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Table(Vec<(String, Tree)>),
}

const KEYS: [&str; 28] = [
    "host",
    "Host",
    "hots",
    "port",
    "database",
    "password",
    "password_file",
    "tls",
    "mode",
    "ca",
    "replicas",
    "options",
    "statement_timeout",
    "limit",
    "ratio",
    "durable",
    "pin",
    "base",
    "next",
    "pool",
    "pool_size",
    "max_size",
    "connect_timeout",
    "retry",
    "tags",
    "enabled",
    "x-note",
    "größe",
];

const TEXTS: [&str; 20] = [
    "",
    "a",
    "localhost",
    "30s",
    "64 MiB",
    "off",
    "verify-full",
    "true",
    "7",
    "0.5",
    "${UNSET}",
    "${SET}",
    "$$",
    "#{T}#",
    "pg",
    "mem",
    "a\"b\\c",
    "zwei\nZeilen",
    "ß🦀",
    "${file:nowhere}",
];

fn scalar() -> impl Strategy<Value = Tree> {
    prop_oneof![
        any::<bool>().prop_map(Tree::Bool),
        (-3_i64..100_000).prop_map(Tree::Integer),
        (-2.0_f64..2.0).prop_map(Tree::Float),
        select(&TEXTS[..]).prop_map(|text| Tree::Text(text.to_owned())),
    ]
}

fn table(value: impl Strategy<Value = Tree>, most: usize) -> impl Strategy<Value = Tree> {
    prop::collection::vec((select(&KEYS[..]), value), 0..most).prop_map(|entries| {
        let mut table: Vec<(String, Tree)> = Vec::new();
        for (key, value) in entries {
            if table.iter().all(|(there, _)| there != key) {
                // A secret stands where one belongs.
                let value = match (key, value) {
                    ("password" | "pin", Tree::Text(_)) => Tree::Text(SECRET.to_owned()),
                    (_, value) => value,
                };
                table.push((key.to_owned(), value));
            }
        }
        Tree::Table(table)
    })
}

fn value() -> impl Strategy<Value = Tree> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            2 => prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
            3 => table(inner, 4),
        ]
    })
}

/// Connections below categories and by name.
fn configuration() -> impl Strategy<Value = Tree> {
    let typed = |kind: &'static str| {
        table(value(), 8).prop_map(move |tree| match tree {
            Tree::Table(mut entries) => {
                entries.push(("type".to_owned(), Tree::Text(kind.to_owned())));
                Tree::Table(entries)
            }
            tree => tree,
        })
    };
    let of = |name: &str, tree| (name.to_owned(), tree);
    (
        table(value(), 8),
        table(value(), 8),
        typed("pgvector"),
        typed("Mem"),
        typed("memm"),
        value(),
    )
        .prop_map(move |(pg, mem, vector, named, unknown, strange)| {
            Tree::Table(vec![
                of("db", Tree::Table(vec![of("pg", pg), of("mem", mem)])),
                of("vector", Tree::Table(vec![of("v", vector)])),
                of(
                    "connections",
                    Tree::Table(vec![of("a", named), of("b", unknown), of("c", strange)]),
                ),
            ])
        })
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A value in one line; `colon` stands between key and value.
fn inline(tree: &Tree, colon: &str) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match tree {
        Tree::Bool(value) => value.to_string(),
        Tree::Integer(number) => number.to_string(),
        Tree::Float(number) => format!("{number:?}"),
        Tree::Text(text) => quoted(text),
        Tree::List(items) => {
            format!(
                "[{}]",
                list(items.iter().map(|item| inline(item, colon)).collect())
            )
        }
        Tree::Table(entries) => {
            let entries = entries.iter();
            let entries = entries
                .map(|(key, value)| format!("{}{colon}{}", quoted(key), inline(value, colon)));
            format!("{{{}}}", list(entries.collect()))
        }
    }
}

fn yaml(tree: &Tree, indent: usize, output: &mut String) {
    let Tree::Table(entries) = tree else { return };
    for (key, value) in entries {
        let _ = write!(output, "{}{key}:", " ".repeat(indent));
        match value {
            Tree::Table(inner) if !inner.is_empty() => {
                output.push('\n');
                yaml(value, indent + 2, output);
            }
            value => {
                let _ = writeln!(output, " {}", inline(value, ": "));
            }
        }
    }
}

fn json(tree: &Tree, indent: usize, output: &mut String) {
    let Tree::Table(entries) = tree else { return };
    output.push_str("{\n");
    for (number, (key, value)) in entries.iter().enumerate() {
        let _ = write!(output, "{}{}: ", " ".repeat(indent + 2), quoted(key));
        match value {
            Tree::Table(inner) if !inner.is_empty() && indent < 6 => {
                json(value, indent + 2, output);
            }
            value => output.push_str(&inline(value, ": ")),
        }
        output.push_str(if number + 1 < entries.len() {
            ",\n"
        } else {
            "\n"
        });
    }
    let _ = write!(output, "{}}}", " ".repeat(indent));
}

/// Connections are tables of their own, all else is in one line.
fn toml(tree: &Tree) -> String {
    let mut output = String::new();
    let Tree::Table(groups) = tree else {
        return output;
    };
    for (group, connections) in groups {
        let Tree::Table(connections) = connections else {
            continue;
        };
        for (name, settings) in connections {
            match settings {
                Tree::Table(settings) => {
                    let _ = writeln!(output, "[{group}.{name}]");
                    for (key, value) in settings {
                        let _ = writeln!(output, "{} = {}", quoted(key), inline(value, " = "));
                    }
                }
                value => {
                    let _ = writeln!(output, "[{group}]\n{name} = {}", inline(value, " = "));
                }
            }
        }
    }
    output
}

/// The configuration in each format.
fn written(tree: &Tree) -> [(&'static str, String); 3] {
    let (mut as_yaml, mut as_json) = (String::new(), String::new());
    yaml(tree, 0, &mut as_yaml);
    json(tree, 0, &mut as_json);
    [
        ("application.yaml", as_yaml),
        ("application.json", as_json),
        ("application.toml", toml(tree)),
    ]
}

fn folder() -> Folder {
    Folder::new().env("SET", "set").env("T", "t")
}

/// What is said of a file: codes, keys and messages, without the place.
fn said(file: &str, content: &str) -> Vec<String> {
    let folder = folder().file(file, content);
    let report = report(&folder);
    let line = |mistake: &connreg::config::Mistake| {
        let message = folder.plain(mistake.message());
        format!("{} {} {message}", mistake.code(), mistake.key())
    };
    let mut said: Vec<String> = report.mistakes().iter().map(line).collect();
    said.sort();
    said
}

/// Runs `test` on values of `strategy` until the time is over.
fn soak<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let seconds = std::env::var("CONNREG_SOAK_SECONDS").ok();
    let seconds = seconds.map_or(4, |seconds| {
        seconds.parse().expect("a whole number of seconds")
    });
    let start = Instant::now();
    let mut cases = 0;
    while cases == 0 || start.elapsed() < Duration::from_secs(seconds) {
        let config = Config {
            cases: 32,
            failure_persistence: None,
            max_shrink_iters: 4_000,
            ..Config::default()
        };
        cases += config.cases;
        if let Err(error) = TestRunner::new(config).run(strategy, &test) {
            panic!("{error}");
        }
    }
    println!("{cases} cases in {:?}", start.elapsed());
}

#[test]
fn every_format_is_told_alike() {
    soak(&configuration(), |tree| {
        let [yaml, json, toml] = written(&tree);
        let expected = said(yaml.0, &yaml.1);
        for (file, content) in [json, toml] {
            let said = said(file, &content);
            prop_assert!(
                said == expected,
                "{file}:\n{content}\n{}\nyaml:\n{}\n{}",
                said.join("\n"),
                yaml.1,
                expected.join("\n")
            );
        }
        Ok(())
    });
}

/// One thing that somebody's finger may do to a text.
#[derive(Clone, Debug)]
enum Slip {
    Insert(Index, u8),
    Delete(Index, usize),
    Double(Index, usize, Index),
    Replace(Index, u8),
    Truncate(Index),
}

fn slip() -> impl Strategy<Value = Slip> {
    const BYTES: &[u8] = b" \t\n\r:-{}[]\"'\\|>&*!#%@`,.=$~?</x0\0\x7f\xc3\xff";
    prop_oneof![
        4 => (any::<Index>(), select(BYTES)).prop_map(|(at, byte)| Slip::Insert(at, byte)),
        4 => (any::<Index>(), 1_usize..12).prop_map(|(at, length)| Slip::Delete(at, length)),
        2 => (any::<Index>(), 1_usize..40, any::<Index>()).prop_map(|(at, length, to)| Slip::Double(at, length, to)),
        3 => (any::<Index>(), select(BYTES)).prop_map(|(at, byte)| Slip::Replace(at, byte)),
        1 => any::<Index>().prop_map(Slip::Truncate),
    ]
}

fn slipped(content: &str, slips: &[Slip]) -> Vec<u8> {
    let mut bytes = content.as_bytes().to_vec();
    for slip in slips {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match slip {
            Slip::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Slip::Delete(at, count) => {
                let at = at.index(length);
                bytes.drain(at..(at + count).min(length));
            }
            Slip::Double(at, count, to) => {
                let at = at.index(length);
                let piece = bytes[at..(at + count).min(length)].to_vec();
                let to = to.index(length);
                bytes.splice(to..to, piece);
            }
            Slip::Replace(at, byte) => bytes[at.index(length)] = *byte,
            Slip::Truncate(at) => bytes.truncate(at.index(length)),
        }
    }
    bytes
}

#[test]
fn slips_neither_panic_nor_hang_nor_tell_a_secret() {
    let strategy = (
        configuration(),
        0_usize..3,
        prop::collection::vec(slip(), 1..5),
    );
    soak(&strategy, |(tree, format, slips)| {
        let [yaml, json, toml] = written(&tree);
        let (file, content) = [yaml, json, toml]
            .into_iter()
            .nth(format)
            .expect("a format");
        let bytes = slipped(&content, &slips);
        let shown = String::from_utf8_lossy(&bytes);
        let folder = folder().file(file, &bytes);
        let start = Instant::now();
        let report = report(&folder);
        let rendered = report.render(Style::Plain);
        let taken = start.elapsed();
        prop_assert!(taken < PATIENCE, "{taken:?} for\n{shown}");
        let debug = format!("{report:?}");
        prop_assert!(!debug.is_empty(), "no text");
        for mistake in report.mistakes() {
            let line = mistake.to_string();
            prop_assert!(
                !line.contains(SECRET) || is_elsewhere(&line, &shown),
                "{line}\n{shown}"
            );
        }
        // The line that is quoted may hold the secret at a place of its own only where a finding tells it anyway.
        let told = report
            .mistakes()
            .iter()
            .any(|mistake| mistake.to_string().contains(SECRET));
        prop_assert!(told || !rendered.contains(SECRET), "{rendered}\n{shown}");
        Ok(())
    });
}
