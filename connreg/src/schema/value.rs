//! What may stand as the value of a setting.

use serde_json::{Map, Value, json};

use super::bounds::bounds;
use super::spelling::{alternatives, below};
use super::table::{self, Rules};
use super::text::{PLACEHOLDER, written};
use crate::settings::{Choice, Field, Shape};

/// The checks of a field that are written beside its type.
#[derive(Clone, Copy, Default)]
struct Limits {
    range: Option<&'static str>,
    min_len: Option<usize>,
    max_len: Option<usize>,
    one_of: &'static [&'static str],
}

/// What `field` takes, at the pointer `at`.
pub(super) fn schema(field: &Field, rules: Rules, at: &str) -> Map<String, Value> {
    let limits = Limits {
        range: field.range,
        min_len: field.min_len,
        max_len: field.max_len,
        one_of: field.one_of,
    };
    let mut schema = shape(&field.shape, limits, rules, at);
    // Nothing is no value; where there must be one, or there is a default for it, it is a mistake.
    if !field.required && field.default.is_none() {
        allow(&mut schema, "null");
    }
    schema
}

fn shape(shape: &Shape, limits: Limits, rules: Rules, at: &str) -> Map<String, Value> {
    match *shape {
        Shape::List(inner) => list(inner, limits, rules, at),
        Shape::Map(inner) => {
            let values = self::shape(
                inner,
                Limits::default(),
                rules,
                &below(at, "additionalProperties"),
            );
            let mut schema = object(json!({ "type": ["object"], "additionalProperties": values }));
            count(&mut schema, limits, "minProperties", "maxProperties");
            or_nothing(&mut schema, limits);
            schema
        }
        Shape::Table(fields) => table::nested(fields, rules, at),
        Shape::Any => Map::new(),
        _ => scalar(shape, limits),
    }
}

/// One value, or text with a placeholder for it.
fn scalar(shape: &Shape, limits: Limits) -> Map<String, Value> {
    let (types, text) = match *shape {
        Shape::Bool => (json!(["boolean", "string"]), "boolean"),
        Shape::Integer { .. } => (json!(["integer", "string"]), "integer"),
        Shape::Float => (json!(["number", "string"]), "number"),
        Shape::Duration => (json!(["number", "string"]), "duration"),
        Shape::ByteSize => (json!(["integer", "string"]), "size"),
        Shape::Url => (json!(["string"]), "url"),
        Shape::Connection => return object(json!({ "type": ["string"] })),
        Shape::Choice(choices) => return choice(choices),
        _ => return plain_text(limits),
    };
    let mut schema = object(json!({ "type": types, "$ref": format!("#/$defs/{text}") }));
    schema.extend(bounds(shape, limits.range));
    schema
}

/// Text, where unquoted numbers and booleans are text as well.
fn plain_text(limits: Limits) -> Map<String, Value> {
    let types = json!(["string", "number", "boolean"]);
    if !limits.one_of.is_empty() {
        let words = limits.one_of.iter().flat_map(|word| spelled(word));
        let alternatives = json!([{ "enum": unique(words) }, placeholder()]);
        return object(json!({ "type": types, "anyOf": alternatives }));
    }
    let mut length = Map::new();
    count(&mut length, limits, "minLength", "maxLength");
    let mut schema = object(json!({ "type": types }));
    // A placeholder is often longer than what it gives; shorter it hardly is.
    if limits.max_len.is_some() || limits.min_len.is_some_and(|min| min > 1) {
        schema.insert("anyOf".to_owned(), json!([length, placeholder()]));
    } else {
        schema.extend(length);
    }
    schema
}

fn choice(choices: &'static [Choice]) -> Map<String, Value> {
    let words = |choice: &'static Choice| {
        std::iter::once(choice.name).chain(choice.aliases.iter().copied())
    };
    // The names alone are offered; a word that is no text unless quoted stands there as what it is.
    let unquoted = choices
        .iter()
        .flat_map(words)
        .flat_map(spelled)
        .filter(|word| !word.is_string());
    let names = choices
        .iter()
        .map(|choice| json!(choice.name))
        .chain(unquoted);
    let names = unique(names);
    let mut types = vec!["string"];
    if names.iter().any(Value::is_boolean) {
        types.push("boolean");
    }
    if names.iter().any(Value::is_number) {
        types.push("number");
    }
    let pattern = written(&alternatives(choices.iter().flat_map(words)));
    let any_of = json!([{ "enum": names }, { "type": "string", "pattern": pattern }]);
    object(json!({ "type": types, "anyOf": any_of }))
}

/// Several values; one may stand for a list of one, and a placeholder may give several.
fn list(inner: &'static Shape, limits: Limits, rules: Rules, at: &str) -> Map<String, Value> {
    let items = shape(inner, Limits::default(), rules, &below(at, "items"));
    let mut list = object(json!({ "type": ["array"], "items": items }));
    count(&mut list, limits, "minItems", "maxItems");
    or_nothing(&mut list, limits);
    let mut element = inner;
    while let Shape::List(inner) = element {
        element = inner;
    }
    let one_is_enough = limits.min_len.is_none_or(|min| min <= 1)
        && limits.max_len != Some(0)
        && !matches!(element, Shape::Map(_) | Shape::Table(_) | Shape::Any);
    let single = if one_is_enough {
        scalar(element, Limits::default())
    } else {
        object(placeholder())
    };
    // Keywords for text and numbers say nothing of arrays, so that both may stand side by side.
    if single.contains_key("anyOf") {
        let types = json!(["array", "string", "number", "boolean"]);
        let mut schema = object(json!({ "type": types, "anyOf": [list, single] }));
        or_nothing(&mut schema, limits);
        return schema;
    }
    let types = single.get("type").cloned();
    for (key, value) in single {
        list.entry(key).or_insert(value);
    }
    for kind in types.iter().flat_map(|types| match types {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind.as_str()],
        _ => Vec::new(),
    }) {
        allow(&mut list, kind);
    }
    list
}

fn count(schema: &mut Map<String, Value>, limits: Limits, min: &str, max: &str) {
    for (key, bound) in [(min, limits.min_len), (max, limits.max_len)] {
        schema.extend(bound.map(|bound| (key.to_owned(), json!(bound))));
    }
}

/// A list or table whose elements are all commented out is an empty one.
fn or_nothing(schema: &mut Map<String, Value>, limits: Limits) {
    if limits.min_len.is_none_or(|min| min == 0) {
        allow(schema, "null");
    }
}

/// Lets values of one more JSON type in, unless all are.
fn allow(schema: &mut Map<String, Value>, kind: &str) {
    if let Some(Value::Array(types)) = schema.get_mut("type")
        && !types.iter().any(|known| known == kind)
    {
        types.push(json!(kind));
    }
    // An empty value is none of the alternatives' business.
    if kind == "null"
        && let Some(Value::Array(alternatives)) = schema.get_mut("anyOf")
        && !alternatives
            .iter()
            .any(|one| one == &json!({ "type": "null" }))
    {
        alternatives.push(json!({ "type": "null" }));
    }
}

/// The word as text, and as the number or boolean that it is without quotes.
fn spelled(word: &'static str) -> Vec<Value> {
    let mut spelled = vec![json!(word)];
    if let Ok(boolean) = word.parse::<bool>() {
        spelled.push(json!(boolean));
    } else if let Ok(number) = word.parse::<i64>() {
        spelled.push(json!(number));
    } else if let Some(number) = word.parse().ok().filter(|number: &f64| number.is_finite()) {
        spelled.push(json!(number));
    }
    spelled
}

fn unique(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut unique: Vec<Value> = Vec::new();
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}

fn placeholder() -> Value {
    json!({ "type": "string", "pattern": PLACEHOLDER })
}

/// The keywords of a schema that is written out.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
