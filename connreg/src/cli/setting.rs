//! One setting in words: what it takes, what it is without being set, and what else is to be known of it.

use serde_json::{Value, json};

use super::console::Tone;
use super::grid::{Grid, cell};
use crate::settings::{Field, Shape};

/// A setting and where it stands in its connection's table.
pub(super) struct Placed {
    /// Dotted: `pool.max_size`.
    pub(super) key: String,
    pub(super) field: &'static Field,
    /// Whether it, or a table around it, is secret.
    pub(super) secret: bool,
}

/// The settings of `fields`, those of nested tables behind their table.
pub(super) fn placed(fields: &'static [Field]) -> Vec<Placed> {
    let mut all = Vec::new();
    walk(fields, "", false, &mut all);
    all
}

fn walk(fields: &'static [Field], prefix: &str, secret: bool, all: &mut Vec<Placed>) {
    for field in fields {
        let secret = secret || field.secret;
        let key = format!("{prefix}{}", field.name);
        match field.shape {
            Shape::Table(inner) if field.flatten => walk(inner, prefix, secret, all),
            Shape::Table(inner) => {
                let below = format!("{key}.");
                all.push(Placed { key, field, secret });
                walk(inner, &below, secret, all);
            }
            _ => all.push(Placed { key, field, secret }),
        }
    }
}

impl Placed {
    /// What its type is called.
    fn label(&self) -> String {
        match self.field.shape {
            // The words are among the limits.
            Shape::Choice(_) => "choice".to_owned(),
            shape => shape.label(),
        }
    }

    /// What it is without being set; never a secret.
    pub(super) fn default(&self) -> Option<&'static str> {
        self.field.default.filter(|_| !self.secret)
    }

    pub(super) fn example(&self) -> Option<&'static str> {
        self.field.example.filter(|_| !self.secret)
    }

    fn default_shown(&self) -> String {
        match self.default() {
            Some("") => "empty".to_owned(),
            Some(text) => text.to_owned(),
            None if self.field.required => "required".to_owned(),
            None if self.field.default.is_some() => "[redacted]".to_owned(),
            None => String::new(),
        }
    }

    /// The doc comment as one paragraph, as far as its first example or heading.
    pub(super) fn doc(&self) -> String {
        paragraph(self.field.doc)
    }

    /// What may be written beyond its type, each a sentence.
    pub(super) fn limits(&self) -> Vec<String> {
        let field = self.field;
        let mut limits = Vec::new();
        limits.extend(field.range.map(|range| format!("Range {range}.")));
        limits.extend(match (field.min_len, field.max_len) {
            (Some(min), Some(max)) => Some(format!("Length {min} to {max}.")),
            (Some(min), None) => Some(format!("Length at least {min}.")),
            (None, Some(max)) => Some(format!("Length at most {max}.")),
            (None, None) => None,
        });
        let words: Vec<&str> = match field.shape {
            Shape::Choice(choices) => choices.iter().map(|choice| choice.name).collect(),
            _ => field.one_of.to_vec(),
        };
        if !words.is_empty() {
            limits.push(format!("One of {}.", words.join(", ")));
        }
        limits
    }

    /// What can be said in few words: limits, other names, variables, an example.
    fn facts(&self) -> Vec<String> {
        let field = self.field;
        let mut facts = Vec::new();
        facts.extend(
            field
                .deprecated
                .map(|instead| format!("Deprecated: {instead}.")),
        );
        facts.extend(self.limits());
        facts.extend(field.env.map(|name| format!("Also ${name}.")));
        if !field.aliases.is_empty() {
            facts.push(format!("Also called {}.", field.aliases.join(", ")));
        }
        facts.extend(self.example().map(|text| format!("Example: {text}")));
        facts
    }

    pub(super) fn json(&self) -> Value {
        let field = self.field;
        let choices = match field.shape {
            Shape::Choice(choices) => choices
                .iter()
                .map(|choice| json!({ "name": choice.name, "doc": choice.doc }))
                .collect(),
            _ => Vec::new(),
        };
        json!({
            "key": self.key,
            "type": field.shape.label(),
            "doc": field.doc,
            "required": field.required,
            "default": self.default(),
            "secret": self.secret,
            "range": field.range,
            "min_length": field.min_len,
            "max_length": field.max_len,
            "one_of": field.one_of,
            "choices": choices,
            "aliases": field.aliases,
            "variable": field.env,
            "example": self.example(),
            "deprecated": field.deprecated,
        })
    }
}

/// A row for each setting.
pub(super) fn grid(settings: &[Placed]) -> Grid {
    let mut grid = Grid::new(&["setting", "type", "default", "meaning"]);
    for setting in settings {
        let mut meaning = vec![setting.doc()];
        meaning.extend(setting.facts());
        meaning.retain(|part| !part.is_empty());
        let tone = if setting.field.required {
            Tone::Warning
        } else {
            Tone::Plain
        };
        grid.push([
            cell(Tone::Name, &setting.key),
            cell(Tone::Quiet, setting.label()),
            cell(tone, setting.default_shown()),
            meaning.join(" ").into(),
        ]);
    }
    grid
}

/// The prose of a doc comment as one line, as far as its first example or heading.
pub(super) fn paragraph(doc: &str) -> String {
    doc.lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("```") && !line.starts_with('#'))
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
