//! The file that `init` writes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::plan::{self, Item, Plan};
use super::yaml::{scalar, value};
use crate::cli::console::{Console, Tone};
use crate::cli::setting::{Placed, paragraph};
use crate::config::common;
use crate::settings::Shape;

/// The longest line, comment signs counted.
const WIDTH: usize = 100;

const HEAD: &str = "\
Connections, written by `init`. Lines that begin with `#` and a key are settings that are not set, with \
their defaults or an example; take the `#` away to set one. `${VARIABLE}` is taken from the environment, \
`${VARIABLE:default}` has a default, `${file:PATH}` is a file's text.";

const COMMON: &str = "Settings that every connection has, with their defaults; put those that you want to change into \
a connection.";

/// The whole file. `schema`: the schema's file beside it.
pub(super) fn write(plans: &[Plan], schema: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(schema) = schema {
        let _ = writeln!(text, "# yaml-language-server: $schema=./{schema}");
    }
    comment(&mut text, "", HEAD);
    text += "\nconnections:\n";
    for (index, plan) in plans.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        comment(&mut text, "  ", &paragraph(plan.kind.doc()));
        let _ = writeln!(text, "  {}:", scalar(&plan.name));
        let _ = writeln!(text, "    type: {}", plan.kind);
        for item in &plan.items {
            text.push('\n');
            setting(&mut text, &plan.name, item, &Place::at("    "));
        }
    }
    text.push('\n');
    comment(&mut text, "", COMMON);
    for item in plan::items_of(common::FIELDS) {
        text.push('\n');
        setting(&mut text, "", &item, &Place::at(""));
    }
    text
}

/// Where a setting's lines begin.
struct Place {
    /// Before the `#` of what is switched off.
    before: String,
    /// Behind it.
    behind: String,
    off: bool,
}

impl Place {
    fn at(indent: &str) -> Self {
        Self {
            before: indent.to_owned(),
            behind: String::new(),
            off: false,
        }
    }

    /// Of what stands in a table that stands here.
    fn below(&self, active: bool) -> Self {
        if self.off || !active {
            // The `#` stays where it was, so that taking it away leaves the right depth.
            Self {
                before: self.before.clone(),
                behind: format!("{}  ", self.behind),
                off: true,
            }
        } else {
            Self {
                before: format!("{}  ", self.before),
                behind: String::new(),
                off: false,
            }
        }
    }

    fn start(&self, active: bool) -> String {
        let sign = if self.off || !active { "#" } else { "" };
        format!("{}{sign}{}", self.before, self.behind)
    }
}

fn setting(text: &mut String, connection: &str, item: &Item, place: &Place) {
    let described = Placed {
        key: item.key.clone(),
        field: item.field,
        secret: item.secret,
    };
    let start = place.start(item.active);
    let prose = if place.off {
        start.clone()
    } else {
        place.before.clone()
    };
    comment(text, &prose, &explained(&described));
    let name = item.field.name;
    if matches!(item.field.shape, Shape::Table(_)) {
        let _ = writeln!(text, "{start}{name}:");
        let below = place.below(item.active);
        for child in &item.children {
            setting(text, connection, child, &below);
        }
        return;
    }
    let shape = &item.field.shape;
    let shown = if let Some(answer) = &item.answer {
        value(answer, shape)
    } else if item.secret || (item.active && described.example().is_none()) {
        let variable = scalar(&format!("${{{}}}", variable(connection, &item.key)));
        match shape {
            Shape::List(_) => format!("[{variable}]"),
            Shape::Map(_) => format!("{{ name: {variable} }}"),
            _ => variable,
        }
    } else {
        let text = described.default().or_else(|| described.example());
        let text = if item.active {
            described.example().or(text)
        } else {
            text
        };
        text.map_or_else(|| absent(shape), |text| value(text, shape))
    };
    let _ = writeln!(text, "{start}{name}: {shown}");
}

/// What stands for a setting that has neither default nor example.
fn absent(shape: &Shape) -> String {
    match shape {
        Shape::Bool => "true".to_owned(),
        Shape::Integer { min, .. } => (*min).max(1).to_string(),
        Shape::Float => "1.0".to_owned(),
        Shape::Duration => "30s".to_owned(),
        Shape::ByteSize => "\"64 MiB\"".to_owned(),
        Shape::Url => "\"https://example.com\"".to_owned(),
        Shape::Path => "path/to/file".to_owned(),
        Shape::Connection => "name-of-a-connection".to_owned(),
        Shape::Choice(choices) => choices
            .first()
            .map_or("text", |choice| choice.name)
            .to_owned(),
        Shape::List(_) => "[]".to_owned(),
        Shape::Map(_) | Shape::Table(_) => "{}".to_owned(),
        Shape::Text | Shape::Secret | Shape::Any => "text".to_owned(),
    }
}

/// The doc comment, and what else is to be known.
fn explained(setting: &Placed) -> String {
    let mut parts = vec![setting.doc()];
    if setting.field.required {
        parts.push("Required.".to_owned());
    }
    parts.extend(setting.limits());
    parts.extend(
        setting
            .field
            .env
            .map(|name| format!("Also taken from ${name}.")),
    );
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// The variable of a connection's setting: `ORDERS_PASSWORD`.
fn variable(connection: &str, key: &str) -> String {
    let text = format!("{connection}_{key}").to_uppercase();
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

/// Comment lines behind `start`, broken between words.
fn comment(text: &mut String, start: &str, prose: &str) {
    let mut line = String::new();
    for word in prose.split_whitespace() {
        let length = start.len() + 2 + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > WIDTH {
            let _ = writeln!(text, "{start}# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "{start}# {line}");
    }
}

/// Which variables the file asks for, for standard error.
pub(super) fn variables(plans: &[Plan], console: &Console) -> String {
    fn collect(plan: &Plan, items: &[Item], names: &mut BTreeSet<String>) {
        for item in items {
            let has_example = item.field.example.is_some() && !item.secret;
            let is_table = matches!(item.field.shape, Shape::Table(_));
            if item.active && !is_table && item.answer.is_none() && !has_example {
                names.insert(variable(&plan.name, &item.key));
            }
            collect(plan, &item.children, names);
        }
    }
    let mut names = BTreeSet::new();
    for plan in plans {
        collect(plan, &plan.items, &mut names);
    }
    let mut note = String::new();
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        note += &console.label(Tone::Name, "set", &names.join(", "));
    }
    note + &console.label(
        Tone::Name,
        "next",
        "`check` finds mistakes, `ping` tries the connections",
    )
}
