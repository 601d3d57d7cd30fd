//! Files damaged at random, and large ones: no panic, no hang, no secret.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::folder::Folder;

pub(crate) const SECRET: &str = "hunter2";

const YAML: &str = "x-a: &a\n  host: \"h${HOST:d}\"\n  tls: {mode: verify-full, ca: '/c'}\ndb:\n  pg:\n    <<: *a\n    database: d\n    password: hunter2\n    replicas: [a, b]\n    options: {a: 1, b: \"#{T}#\"}\n    statement_timeout: 00:00:30\n  mem: {limit: 1 MiB, ratio: 0.5, pin: |\n    hunter2\n  }\nvector:\n  v: {type: pgvector, base: pg}\nexternal: {atlassian: {url: 'http://u:hunter2@x', space: s, token: ${file:t}}}\n";

const TOML: &str = "[db.pg]\nhost = \"h${HOST:d}\"\ndatabase = 'd'\npassword = \"hunter2\"\nreplicas = [\"a\", 'b']\ntls = { mode = \"off\", ca = '/c' }\noptions.a = \"1\"\n\n[db.mem]\nlimit = 1_000\nratio = 0.5\npin = '''\nhunter2'''\n\n[vector.v]\ntype = 'pgvector'\nbase = 'pg'\n";

const JSON: &str = "// c\n{\"Connections\": {\"Pg\": {\"ConnectionType\": \"pg\", \"Database\": \"d\", \"Password\": \"hunter2\", \"Replicas\": [\"a\", 1],\n \"Tls\": {\"Mode\": \"Off\", \"Ca\": null}, \"Options\": {\"a\": \"\\u00e4\"}}, /* x */ \"M\": {\"type\": \"mem\", \"pin\": \"hunter2\", \"ratio\": 1e-1,},}, \"Logging\": {}}\n";

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % bound.max(1)
    }
}

/// `content` with a few bytes taken out, doubled, changed or put in. The secret stays whole where it stays at all.
fn damaged(content: &str, random: &mut Random) -> Vec<u8> {
    const BYTES: &[u8] = b" \t\n\r:-{}[]\"'\\|>&*!#%@`,.=$~?<x0\0\x7f\xc3\xff";
    let mut bytes = content.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => drop(bytes.drain(at..(at + 1 + random.below(12)).min(bytes.len()))),
            1 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            2 => {
                let piece = bytes[at..(at + random.below(40)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => bytes.truncate(at + 1),
        }
        if bytes.is_empty() {
            bytes.push(b' ');
        }
    }
    bytes
}

/// Whether the damage has moved the secret to where nobody would keep one: into a key, or to another setting.
pub(crate) fn is_elsewhere(finding: &str, content: &str) -> bool {
    let as_key = [
        "hunter2:",
        "hunter2 =",
        "hunter2=",
        "hunter2\":",
        "hunter2' =",
    ];
    let of_other = [
        "limit`: ",
        "ratio`: ",
        "timeout`: ",
        "mode`: ",
        "Mode`: ",
        "base`: ",
        "type`: ",
        "ConnectionType`: ",
    ];
    let key = finding.split('`').nth(1).unwrap_or_default();
    key.contains(SECRET)
        || as_key.iter().any(|key| content.contains(key))
        || of_other.iter().any(|key| finding.contains(key))
}

#[test]
fn damaged_files_neither_panic_nor_tell_a_secret() {
    let rounds = 400;
    for (file, content) in [
        ("application.yaml", YAML),
        ("application.toml", TOML),
        ("application.json", JSON),
    ] {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut folder = Folder::new().env("T", "t").file("t", "t");
        let mut told = 0;
        for round in 0..rounds {
            let bytes = damaged(content, &mut random);
            folder = folder.file(file, &bytes);
            let findings = catch_unwind(AssertUnwindSafe(|| folder.findings()));
            let shown = String::from_utf8_lossy(&bytes);
            let Ok(findings) = findings else {
                panic!("round {round} of {file} panicked:\n{shown}")
            };
            told += usize::from(!findings.is_empty());
            for finding in findings.iter().filter(|finding| finding.contains(SECRET)) {
                assert!(
                    is_elsewhere(finding, &shown),
                    "round {round} of {file}: {finding}\n{shown}"
                );
            }
        }
        assert!(
            told > rounds / 2,
            "the damage went unnoticed in {file}: {told}"
        );
    }
}

/// Debug builds on a busy machine are slow; what is quadratic takes minutes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asserts that the one mistake behind ten megabytes is found.
fn finds_the_mistake(file: &str, content: String) {
    assert!(content.len() > 10_000_000);
    let folder = Folder::new().file(file, content);
    let start = Instant::now();
    let findings = folder.findings();
    let taken = start.elapsed();
    assert!(
        findings.len() == 1 && findings[0].contains("3 is too large"),
        "{findings:?}"
    );
    assert!(taken < PATIENCE, "{taken:?}");
}

const VALUE: &str =
    "ü value of some length, with ${X} in it, that is not needed and so is never resolved";

#[test]
fn ten_megabytes_of_yaml_are_read() {
    let mut yaml = "x-many:\n".to_owned();
    for number in 0..120_000 {
        let _ = writeln!(yaml, "  k{number}: \"{VALUE}\"");
    }
    yaml.push_str("db: {mem: {ratio: 3}}\n");
    finds_the_mistake("application.yaml", yaml);
}

#[test]
fn ten_megabytes_of_toml_are_read() {
    let mut toml = "[x-many]\n".to_owned();
    for number in 0..120_000 {
        let _ = writeln!(toml, "k{number} = \"{VALUE}\"");
    }
    toml.push_str("[db.mem]\nratio = 3\n");
    finds_the_mistake("application.toml", toml);
}

#[test]
fn ten_megabytes_of_json_in_one_line_are_read() {
    let mut json = "{\"x-many\": {".to_owned();
    for number in 0..120_000 {
        let _ = write!(json, "\"k{number}\": \"{VALUE}\", ");
    }
    json.push_str("}, \"db\": {\"mem\": {\"ratio\": 3}}}");
    finds_the_mistake("application.json", json);
}

#[test]
fn a_file_that_repeats_itself_is_read_in_good_time() {
    let mut content = String::new();
    for number in 0..8_000 {
        let _ = writeln!(content, "db: {{mem: {{a{number}: 1}}}}");
    }
    let folder = Folder::new().file("application.yaml", content);
    let start = Instant::now();
    assert_eq!(folder.findings().len(), 5_000);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn aliases_of_a_long_text_can_not_exhaust_memory() {
    let aliases = "*a, ".repeat(90_000);
    let content = format!("x-a: &a \"{}\"\nx-b: [{aliases}]\n", "long ".repeat(20_000));
    let findings = Folder::new().file("application.yaml", content).findings();
    assert!(
        findings.len() == 1 && findings[0].contains("aliases copy more than"),
        "{findings:?}"
    );
}

#[test]
fn a_file_that_is_all_wrong_is_read_in_good_time() {
    let mut content = "db:\n  mem:\n".to_owned();
    for number in 0..30_000 {
        let _ = writeln!(content, "    unknown_key_{number}: ${{X}}");
    }
    let folder = Folder::new().file("application.yaml", content);
    let start = Instant::now();
    assert_eq!(folder.findings().len(), 5_000);
    let taken = start.elapsed();
    assert!(taken < PATIENCE, "{taken:?}");
}

#[test]
fn a_long_chain_of_references_exhausts_no_stack() {
    let mut content = "db: {pg: {database: d}}\nvector:\n".to_owned();
    let last = 3_000;
    for number in 0..last {
        let _ = writeln!(
            content,
            "  v{number}: {{type: pgvector, base: pg, next: v{}}}",
            number + 1
        );
    }
    let closed = format!("{content}  v{last}: {{type: pgvector, base: pg, next: v0}}\n");
    let _ = writeln!(content, "  v{last}: {{type: pgvector, base: pg}}");
    assert_eq!(
        Folder::new()
            .file("application.yaml", content)
            .loaded()
            .len(),
        3_002
    );
    let findings = Folder::new().file("application.yaml", closed).findings();
    assert!(
        findings.len() == 1 && findings[0].contains("in a circle: v0 → v1 → "),
        "{}",
        findings.len()
    );
    assert!(
        findings[0].len() < 1_000,
        "a message is for people: {}",
        findings[0].len()
    );
}

#[test]
fn a_thousand_connections_in_twenty_files_are_read() {
    let mut folder = Folder::new()
        .env("HOST", "h")
        .env("PASSWORD", "p")
        .profile("p0");
    let categories = [
        "db", "vector", "graph", "search", "storage", "queue", "external", "http",
    ];
    let mut number = 0;
    for file in 0..20 {
        let mut content = "connections:\n".to_owned();
        for _ in 0..50 {
            let _ = writeln!(
                content,
                "  connection_{number}:\n    type: pg\n    host: \"${{HOST}}\"\n    port: 5432\n    database: d{number}\n    password: \"${{PASSWORD}}\"\n    pool_size: 20\n    pool_timeout: 5s\n    tls:\n      mode: verify-full\n    options: {{search_path: a}}"
            );
            number += 1;
        }
        let name = match file {
            0 => "application.yaml".to_owned(),
            1 => "connections.yaml".to_owned(),
            2 => "appsettings.yaml".to_owned(),
            3 => "application.yml".to_owned(),
            4..=11 => format!("application-{}.yaml", categories[file - 4]),
            _ => format!("application-{}.yml", categories[file - 12]),
        };
        folder = folder.file(&name, content);
    }
    let start = Instant::now();
    let connections = folder.loaded();
    let taken = start.elapsed();
    println!("1,000 connections in 20 files: {taken:?}");
    assert_eq!(connections.len(), 1_000);
    assert!(taken < PATIENCE, "{taken:?}");
}
