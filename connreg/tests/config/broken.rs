//! Every case below `broken/`: configurations with mistakes, and beside each mistake what is to be said of it.
//!
//! A case is one text; lines that begin with `#~` are taken out before it is loaded:
//!
//! ```text
//!     prot: 1
//! #~  ^ error CR0301              a finding on the line above, at the caret's column
//! #~1 error CR0201                the same, at a column that no caret can point to
//! #~@$PGPORT error CR0401         a finding about a variable; `@code` about a value from code
//! #~- warning CR0117              a finding about the whole file
//! #~file appsettings.json         what follows is another file; the first is `application` with the case's extension
//! #~env NAME value                a variable of the environment
//! #~set key value                 a value from code
//! #~profile prod                  the active profile
//! ```
//!
//! Nothing may be missing, nothing may be said besides, and `hunter2` nowhere.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use connreg::config::{Mistake, Report, Style};

use crate::folder::Folder;

const SECRET: &str = "hunter2";

/// A case, ready to be loaded, and its findings.
struct Case {
    folder: Folder,
    expected: Vec<String>,
}

fn case(name: &str, text: &str) -> Case {
    let extension = name
        .rsplit_once('.')
        .map_or("yaml", |(_, extension)| extension);
    let mut file = format!("application.{extension}");
    let (mut content, mut line) = (String::new(), 0);
    let mut folder = Folder::new();
    let mut expected = Vec::new();
    for written in text.split_inclusive('\n') {
        let Some(directive) = written.strip_prefix("#~") else {
            content.push_str(written);
            line += 1;
            continue;
        };
        let directive = directive.trim_end();
        let mut words = directive.split_whitespace();
        let first = words.next().unwrap_or_default();
        let rest = directive.trim_start()[first.len()..].trim_start();
        match first {
            "file" => {
                folder = folder.file(&file, std::mem::take(&mut content));
                line = 0;
                rest.clone_into(&mut file);
            }
            "env" | "set" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                folder = if first == "env" {
                    folder.env(name, value)
                } else {
                    folder.set(name, value)
                };
            }
            "profile" => folder = folder.profile(rest),
            "^" => {
                let column = written.chars().position(|c| c == '^').unwrap_or_default() + 1;
                expected.push(format!("{file}:{line}:{column} {rest}"));
            }
            "-" => expected.push(format!("{file} {rest}")),
            place if place.starts_with('@') => expected.push(format!("{} {rest}", &place[1..])),
            column => expected.push(format!("{file}:{line}:{column} {rest}")),
        }
    }
    expected.sort();
    Case {
        folder: folder.file(&file, content),
        expected,
    }
}

/// Every finding about a folder.
pub(crate) fn report(folder: &Folder) -> Report {
    match folder.load() {
        Ok(connections) => Report::clone(&connections.warnings()),
        Err(error) => match error.report() {
            Some(report) => report.clone(),
            None => panic!("{error}"),
        },
    }
}

/// `file:line:column severity code`
fn found(case: &Case, mistake: &Mistake) -> String {
    let place = mistake
        .origin()
        .map_or_else(String::new, ToString::to_string);
    let place = case.folder.plain(&place);
    let severity = format!("{:?}", mistake.severity()).to_lowercase();
    format!("{place} {severity} {}", mistake.code())
}

#[test]
fn every_case_is_told_as_it_says_itself() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/broken");
    let mut files: Vec<_> = fs::read_dir(&directory)
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    files.sort();
    let mut failures = String::new();
    for file in &files {
        let name = file.file_name().expect("a name").to_string_lossy();
        let text = fs::read_to_string(file).expect("a case");
        let case = case(&name, &text);
        let report = report(&case.folder);
        let mut findings: Vec<String> = report.mistakes().iter().map(|m| found(&case, m)).collect();
        findings.sort();
        let said = case.folder.plain(&report.to_string());
        if std::env::var_os("CONNREG_SHOW_REPORTS").is_some() {
            println!("--- {name}\n{said}");
        }
        if findings != case.expected || case.expected.is_empty() {
            let of = |from: &[String], other: &[String]| {
                let extra = from.iter().filter(|line| !other.contains(line));
                extra.fold(String::new(), |lines, line| lines + "\n    " + line)
            };
            let _ = write!(
                failures,
                "\n{name}:\n  not said:{}\n  said besides:{}\n{said}\n",
                of(&case.expected, &findings),
                of(&findings, &case.expected),
            );
        }
        for shown in [&said, &report.render(Style::Plain), &format!("{report:?}")] {
            if shown.contains(SECRET) {
                let _ = write!(failures, "\n{name}: the secret is shown:\n{shown}\n");
                break;
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(files.len() >= 80, "{} cases", files.len());
}
