//! `check`: finds every mistake of the configuration without connecting to anything.

use clap::Args;

use super::arguments::{Common, Format};
use super::console::{Console, Tone};
use super::list;
use super::outcome::{Answer, Failure, Verdict};
use super::ping::{self, Round};
use crate::config::Report;

/// Find every mistake in the configuration; connects to nothing.
///
/// Fails (exit code 78) if there is one.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Let warnings fail the check too.
    #[arg(long)]
    deny_warnings: bool,
    /// Take variables, files and secrets that are not there as unknown values of the right type.
    #[arg(long, conflicts_with = "online")]
    no_env: bool,
    /// Then open and check every connection, as `ping` does.
    #[arg(long)]
    online: bool,
}

pub(super) async fn run(
    command: Check,
    common: &Common,
    console: &Console,
) -> Result<Answer, Failure> {
    let mut builder = common.builder()?;
    if command.no_env {
        builder = builder.allow_unresolved();
    }
    let report = builder.check().await?;
    let denied = command.deny_warnings && !report.mistakes().is_empty();
    let verdict = if report.has_errors() || denied {
        Verdict::Configuration
    } else {
        Verdict::Good
    };
    let mut answer = told(&report, verdict, console);
    if report.has_errors() {
        return Ok(answer);
    }
    if console.format != Format::Json {
        answer.text += &praise(&report, console);
    }
    if report.connections() == 0 {
        answer.note = list::nothing(common, console);
    }
    if !command.online || verdict != Verdict::Good {
        return Ok(answer);
    }
    let connections = common.builder()?.read().await?;
    let round = Round::of_all(&connections);
    let pinged = round.run(console).await;
    ping::close(&connections).await;
    let online = round.answer(&pinged, console);
    if console.format == Format::Json {
        let mut told = report.to_json();
        told["ping"] = round.json(&pinged);
        return Ok(Answer::json(&told, online.verdict));
    }
    Ok(Answer {
        text: format!("{}\n{}", answer.text, online.text),
        ..online
    })
}

/// What was found.
fn told(report: &Report, verdict: Verdict, console: &Console) -> Answer {
    if console.format == Format::Json {
        return Answer::json(&report.to_json(), verdict);
    }
    Answer {
        text: console.report(report, console.paint),
        verdict,
        ..Answer::good("")
    }
}

/// `12 connections in 5 files, no mistakes`
fn praise(report: &Report, console: &Console) -> String {
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let verdict = match report.warnings().count() {
        0 => console.paint.with(Tone::Good, "no mistakes"),
        n => console.paint.with(Tone::Warning, &count(n, "warning")),
    };
    let connections = count(report.connections(), "connection");
    let files = count(report.files(), "file");
    format!("{connections} in {files}, {verdict}\n")
}
