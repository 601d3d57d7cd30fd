//! What a schema says to a person: descriptions, defaults, examples, marks. Never a secret.

use serde_json::{Map, Number, Value, json};

use super::bounds::{float, integer};
use crate::settings::{Choice, Field, Shape};

/// Adds to `schema` what is known of `field`. `secret`: the table around it is one.
pub(super) fn annotate(schema: &mut Map<String, Value>, field: &Field, secret: bool) {
    schema.insert("description".to_owned(), json!(description(field, secret)));
    if let Some(instead) = field.deprecated {
        schema.insert("deprecated".to_owned(), json!(true));
        // The words of editors that know `deprecated` only as a message.
        schema.insert("deprecationMessage".to_owned(), json!(instead));
    }
    if field.secret {
        schema.insert("writeOnly".to_owned(), json!(true));
    }
    if field.secret || secret {
        return;
    }
    if let Some(default) = field.default.and_then(|text| literal(text, &field.shape)) {
        schema.insert("default".to_owned(), default);
    }
    if let Some(example) = field.example.and_then(|text| literal(text, &field.shape)) {
        schema.insert("examples".to_owned(), json!([example]));
    }
}

fn description(field: &Field, secret: bool) -> String {
    let mut paragraphs = Vec::new();
    if !field.doc.is_empty() {
        paragraphs.push(field.doc.to_owned());
    }
    if let Shape::Choice(choices) = field.shape {
        paragraphs.push(choices.iter().map(word).collect::<Vec<_>>().join("\n"));
    }
    let mut facts = Vec::new();
    if let Some(instead) = field.deprecated {
        facts.push(format!("Deprecated: {instead}."));
    }
    if field.required {
        facts.push("Required.".to_owned());
    }
    let shown = |text: Option<&'static str>| text.filter(|_| !field.secret && !secret);
    if let Some(default) = shown(field.default) {
        facts.push(format!("Default: `{default}`."));
    }
    if let Some(range) = field.range {
        facts.push(format!("Range: `{range}`."));
    }
    if let Some(variable) = field.env {
        facts.push(format!("Also taken from `${variable}`."));
    }
    if !facts.is_empty() {
        paragraphs.push(facts.join(" "));
    }
    paragraphs.join("\n\n")
}

fn word(choice: &Choice) -> String {
    match choice.doc.lines().next() {
        Some(doc) => format!("- `{}`: {doc}", choice.name),
        None => format!("- `{}`", choice.name),
    }
}

/// What a person would write as JSON for `text`; `None`: there is no telling.
pub(crate) fn literal(text: &str, shape: &Shape) -> Option<Value> {
    let number = |number: Option<Number>| number.map(Value::Number);
    match *shape {
        Shape::Bool => text.parse().ok().map(Value::Bool),
        Shape::Integer { .. } => number(integer(text.replace('_', "").parse().ok()?)),
        Shape::Float => number(float(text.replace('_', "").parse().ok()?)),
        Shape::Text
        | Shape::Duration
        | Shape::ByteSize
        | Shape::Url
        | Shape::Path
        | Shape::Choice(_)
        | Shape::Connection => Some(json!(text)),
        Shape::List(inner) => match text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
        {
            Some("") => Some(json!([])),
            Some(items) => items
                .split(',')
                .map(|item| literal(item.trim().trim_matches('"'), inner))
                .collect::<Option<_>>()
                .map(Value::Array),
            None => literal(text, inner).map(|item| json!([item])),
        },
        Shape::Map(_) | Shape::Any => serde_json::from_str(text).ok(),
        Shape::Secret | Shape::Table(_) => None,
    }
}
