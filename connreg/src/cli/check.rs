//! `check`: finds every mistake of the configuration without connecting to anything.

use clap::Args;
use serde_json::{Value, json};

use super::arguments::{Common, Format};
use super::console::{Console, Tone};
use super::list;
use super::outcome::{Answer, Failure, Verdict};
use super::ping;
use crate::config::{Mistake, Origin, Report, Severity};
use crate::connections::Connections;

/// Find every mistake in the configuration; connects to nothing.
///
/// Fails (exit code 78) if there is one.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Let warnings fail the check too.
    #[arg(long)]
    deny_warnings: bool,
    /// Then open and check every connection, as `ping` does.
    #[arg(long)]
    online: bool,
}

pub(super) async fn run(
    command: Check,
    common: &Common,
    console: &Console,
) -> Result<Answer, Failure> {
    let connections = match common.builder()?.read().await {
        Ok(connections) => connections,
        Err(error) => {
            let report = error.report().cloned().ok_or(error)?;
            return Ok(told(&report, Verdict::Configuration, console));
        }
    };
    let report = connections.warnings();
    let verdict = if command.deny_warnings && !report.mistakes().is_empty() {
        Verdict::Configuration
    } else {
        Verdict::Good
    };
    let mut answer = told(&report, verdict, console);
    if console.format != Format::Json {
        answer.text += &praise(&connections, console);
    }
    if connections.is_empty() {
        console.tell(&list::nothing(common, console));
    }
    if !command.online || verdict != Verdict::Good {
        return Ok(answer);
    }
    let pinged = ping::everything(&connections, console).await;
    Ok(Answer {
        text: format!("{}\n{}", answer.text, pinged.text),
        ..pinged
    })
}

/// What was found.
fn told(report: &Report, verdict: Verdict, console: &Console) -> Answer {
    if console.format == Format::Json {
        let found: Vec<Value> = report.mistakes().iter().map(json).collect();
        return Answer::json(&json!({ "diagnostics": found }), verdict);
    }
    let text = if report.mistakes().is_empty() {
        String::new()
    } else {
        format!("{report}\n")
    };
    Answer {
        text,
        note: String::new(),
        verdict,
    }
}

fn json(mistake: &Mistake) -> Value {
    let origin = mistake.origin();
    let span = origin.and_then(Origin::span);
    let severity = match mistake.severity() {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    json!({
        "severity": severity,
        "code": mistake.code().as_str(),
        "message": mistake.message(),
        "help": mistake.help_text(),
        "key": mistake.key(),
        "file": origin.and_then(Origin::file).map(|file| file.display().to_string()),
        "line": span.map(|span| span.line),
        "column": span.map(|span| span.column),
        "origin": origin.map(ToString::to_string),
    })
}

/// `12 connections in 5 files, no mistakes`
fn praise(connections: &Connections, console: &Console) -> String {
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let report = connections.warnings();
    let warnings = report
        .mistakes()
        .iter()
        .filter(|m| m.severity() == Severity::Warning)
        .count();
    let mut files: Vec<_> = connections
        .iter()
        .filter_map(|connection| {
            connection
                .context()
                .origin()
                .file()
                .map(std::path::Path::to_owned)
        })
        .collect();
    files.sort();
    files.dedup();
    let verdict = match warnings {
        0 => console.paint.with(Tone::Good, "no mistakes"),
        n => console.paint.with(Tone::Warning, &count(n, "warning")),
    };
    let connections = count(connections.len(), "connection");
    format!(
        "{connections} in {}, {verdict}\n",
        count(files.len(), "file")
    )
}
