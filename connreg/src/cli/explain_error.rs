//! `explain-error`: what a mistake's code means, at length.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::arguments::Format;
use super::console::{Console, Tone};
use super::grid::{Grid, cell};
use super::outcome::{Answer, Failure, Verdict};
use crate::config::Code;
use crate::nearest::nearest;

/// Explain a mistake's code at length: what is wrong, why, and what to do.
#[derive(Args, Debug)]
pub(super) struct ExplainError {
    /// The code, such as `CR0301`; without it, all codes are listed.
    code: Option<String>,
}

pub(super) fn run(command: &ExplainError, console: &Console) -> Result<Answer, Failure> {
    match &command.code {
        None => Ok(all(console)),
        Some(name) => Code::by_name(name)
            .map(|code| one(code, console))
            .ok_or_else(|| {
                let known = Code::all().map(Code::as_str);
                let help = match nearest(&name.to_uppercase(), known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`explain-error` without a code lists all of them".to_owned(),
                };
                Failure::usage(format!("there is no code `{name}`"), help)
            }),
    }
}

fn one(code: Code, console: &Console) -> Answer {
    if console.format == Format::Json {
        return Answer::json(&json(code), Verdict::Good);
    }
    let mut text = String::new();
    if console.format == Format::Markdown {
        let _ = writeln!(text, "# {code}: {}\n", code.title());
    } else {
        let _ = writeln!(
            text,
            "{}: {}\n",
            console.paint.with(Tone::Name, code.as_str()),
            code.title()
        );
    }
    let _ = writeln!(text, "{}", code.text().trim_end());
    Answer::good(text)
}

fn all(console: &Console) -> Answer {
    if console.format == Format::Json {
        let codes: Vec<Value> = Code::all().map(json).collect();
        return Answer::json(&json!({ "codes": codes }), Verdict::Good);
    }
    let mut grid = Grid::new(&["code", "what is wrong"]);
    for code in Code::all() {
        grid.push([cell(Tone::Name, code.as_str()), code.title().into()]);
    }
    Answer::good(console.grid(&grid))
}

fn json(code: Code) -> Value {
    json!({ "code": code.as_str(), "title": code.title(), "text": code.text() })
}
