//! `types`: the connection types that this program links, and the settings of one.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};

use super::arguments::Format;
use super::console::{Console, Tone};
use super::grid::{Grid, cell};
use super::outcome::{Answer, Failure, Verdict};
use super::setting::{self, paragraph, placed};
use crate::config::common;
use crate::registry::{ConnectionType, Registry, builtin_feature};

/// Show the connection types of this program, or all settings of one.
#[derive(Args, Debug)]
pub(super) struct Types {
    /// The type whose settings are wanted.
    #[arg(value_name = "TYPE", conflicts_with = "common")]
    name: Option<String>,
    /// Show the settings that every connection has.
    #[arg(long)]
    common: bool,
}

pub(super) fn run(command: &Types, console: &Console) -> Result<Answer, Failure> {
    if command.common {
        return Ok(shared(console));
    }
    let registry = Registry::linked()?;
    match &command.name {
        Some(name) => Ok(one(registry.get(name)?, console)),
        None if registry.is_empty() => Err(Failure::usage(
            "this program links no connection type",
            "name the crates that have some once, as in `use connreg_backends as _;`, with a feature for each \
             back end that you want",
        )),
        None => Ok(all(registry, console)),
    }
}

fn all(registry: &Registry, console: &Console) -> Answer {
    if console.format == Format::Json {
        let types: Vec<Value> = registry.types().iter().map(|kind| json(*kind)).collect();
        return Answer::json(&json!({ "types": types }), Verdict::Good);
    }
    let mut grid = Grid::new(&["type", "category", "provides", "crate", "what it is"]);
    for kind in registry.types() {
        grid.push([
            cell(Tone::Name, kind.name()),
            kind.category().into(),
            capabilities(*kind).into(),
            cell(Tone::Quiet, kind.package()),
            sentence(kind.doc()).into(),
        ]);
    }
    Answer::good(console.grid(&grid.without_empty_columns()))
}

fn one(kind: ConnectionType, console: &Console) -> Answer {
    if console.format == Format::Json {
        return Answer::json(&json(kind), Verdict::Good);
    }
    let settings = placed(kind.settings());
    let (file, line) = kind.defined_at();
    let feature = feature(kind).map_or_else(String::new, |name| format!(", feature `{name}`"));
    let facts = [
        ("Category", kind.category().to_owned()),
        ("Also called", kind.aliases().join(", ")),
        ("Provides", capabilities(kind)),
        ("Section", kind.sections().join(", ")),
        ("Pool", if kind.is_pooled() { "yes" } else { "" }.to_owned()),
        (
            "Crate",
            format!("{} {}{feature}", kind.package(), kind.version()),
        ),
        ("Defined at", format!("{file}:{line}")),
    ];
    let facts = facts.into_iter().filter(|(_, fact)| !fact.is_empty());
    let doc = paragraph(kind.doc());
    let mut text = String::new();
    if console.format == Format::Markdown {
        let _ = writeln!(text, "# `{kind}`\n\n{doc}\n");
        for (name, fact) in facts {
            let _ = writeln!(text, "- {name}: {fact}");
        }
        text += "\n";
    } else {
        let name = console.paint.with(Tone::Name, kind.name());
        let _ = writeln!(text, "{name}: {doc}\n");
        for (name, fact) in facts {
            let name = console.paint.with(Tone::Quiet, &format!("{name:<12}"));
            let _ = writeln!(text, "{name} {fact}");
        }
        text += "\n";
    }
    if settings.is_empty() {
        text += "It has no settings of its own.\n";
    } else {
        text += &console.grid(&setting::grid(&settings));
    }
    if console.format == Format::Table {
        let hint = "Settings that every connection has: `types --common`.";
        let _ = writeln!(text, "\n{}", console.paint.with(Tone::Quiet, hint));
    }
    Answer::good(text)
}

/// The settings that every connection has.
fn shared(console: &Console) -> Answer {
    let settings = placed(common::FIELDS);
    if console.format == Format::Json {
        let settings: Vec<Value> = settings.iter().map(setting::Placed::json).collect();
        return Answer::json(&json!({ "settings": settings }), Verdict::Good);
    }
    Answer::good(console.grid(&setting::grid(&settings)))
}

fn json(kind: ConnectionType) -> Value {
    let (file, line) = kind.defined_at();
    let settings: Vec<Value> = placed(kind.settings())
        .iter()
        .map(setting::Placed::json)
        .collect();
    json!({
        "name": kind.name(),
        "category": kind.category(),
        "aliases": kind.aliases(),
        "sections": kind.sections(),
        "doc": kind.doc(),
        "provides": kind.capabilities().iter().map(crate::private::Provided::name).collect::<Vec<_>>(),
        "pooled": kind.is_pooled(),
        "crate": kind.package(),
        "version": kind.version(),
        "feature": feature(kind),
        "file": file,
        "line": line,
        "settings": settings,
    })
}

/// The feature that brings a built-in type.
fn feature(kind: ConnectionType) -> Option<&'static str> {
    let is_ours = kind.package() == "connreg-backends";
    builtin_feature(kind.name()).filter(|_| is_ours)
}

fn capabilities(kind: ConnectionType) -> String {
    let names: Vec<_> = kind
        .capabilities()
        .iter()
        .map(crate::private::Provided::name)
        .collect();
    names.join(", ")
}

/// The first sentence of a doc comment.
fn sentence(doc: &str) -> String {
    let text = paragraph(doc);
    match text.find(". ") {
        Some(end) => text[..=end].to_owned(),
        None => text,
    }
}
