//! Tables of settings: the keys that they have, in every spelling, and no others.

use serde_json::{Map, Value, json};

use super::annotation::annotate;
use super::spelling::{IGNORED, below, pattern};
use super::value::{self, object};
use crate::config::dotnet::counts_retries;
use crate::config::keys::{Known, Meaning};
use crate::settings::{Field, Shape};

/// How much a schema asks for.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// What must be there, must be there in one file.
    pub(super) whole: bool,
    /// Whether defaults and examples must not be shown.
    pub(super) secret: bool,
}

/// The keys of a table in the making.
#[derive(Default)]
pub(super) struct Keys {
    properties: Map<String, Value>,
    patterns: Map<String, Value>,
    needed: Vec<Value>,
}

impl Keys {
    /// A key that is offered under its main name and taken in every spelling of `names`. `at`: the table's pointer.
    pub(super) fn insert<'n>(
        &mut self,
        at: &str,
        main: &str,
        names: impl IntoIterator<Item = &'n str>,
        schema: Value,
    ) {
        let place = below(&below(at, "properties"), main);
        self.properties.insert(main.to_owned(), schema);
        self.also(names, json!({ "$ref": place }));
    }

    /// A key that is taken in its own spelling alone.
    pub(super) fn exact(&mut self, name: &str, schema: Value) {
        self.properties.insert(name.to_owned(), schema);
    }

    /// Keys that are taken, and not offered.
    pub(super) fn also<'n>(&mut self, names: impl IntoIterator<Item = &'n str>, schema: Value) {
        self.patterns.insert(pattern(names), schema);
    }

    /// The setting `name` must be there, in one of the spellings of `names`.
    pub(super) fn need<'n>(&mut self, name: &str, names: impl IntoIterator<Item = &'n str>) {
        self.needed.push(json!({
            "if": { "propertyNames": { "not": { "pattern": pattern(names) } } },
            "then": { "required": [name] },
        }));
    }

    /// The table: these keys, `x-` ones, and what `others` says of all others.
    pub(super) fn table(self, others: impl Into<Value>) -> Map<String, Value> {
        let Self {
            properties,
            mut patterns,
            needed,
        } = self;
        patterns.insert(IGNORED.to_owned(), json!(true));
        let mut table = object(json!({
            "type": ["object"],
            "properties": properties,
            "patternProperties": patterns,
            "additionalProperties": others.into(),
        }));
        if !needed.is_empty() {
            table.insert("allOf".to_owned(), Value::Array(needed));
        }
        table
    }

    /// What is asked by [`need`](Self::need).
    pub(super) fn needed(&self) -> &[Value] {
        &self.needed
    }

    /// Adds `fields`, those of flattened tables among them, with `<secret>_file` for each secret.
    pub(super) fn settings(&mut self, fields: &'static [Field], rules: Rules, at: &str) {
        let known = Known::nested(fields);
        each(fields, &mut |field| {
            let place = below(&below(at, "properties"), field.name);
            let names = field.names().filter(|name| !counts_retries(name));
            self.insert(at, field.name, names, setting(field, rules, &place));
            if field.names().any(counts_retries) {
                // One less than the attempts: the first one is none.
                let names = field.names().filter(|name| counts_retries(name));
                self.also(names, retries());
            }
            let mut names = file_names(field, known);
            if !names.is_empty() {
                self.also(names.iter().map(String::as_str), file(field));
            }
            // What a variable of its own may give needs no place in a file.
            if rules.whole && field.required && field.env.is_none() {
                names.extend(field.names().map(str::to_owned));
                self.need(field.name, names.iter().map(String::as_str));
            }
        });
    }
}

/// The table of a setting whose value is one.
pub(super) fn nested(fields: &'static [Field], rules: Rules, at: &str) -> Map<String, Value> {
    let mut keys = Keys::default();
    keys.settings(fields, rules, at);
    let needy = !keys.needed().is_empty();
    let mut table = keys.table(false);
    if !needy {
        nothing_too(&mut table);
    }
    table
}

/// A table may be empty, and is then often not written.
pub(super) fn nothing_too(table: &mut Map<String, Value>) {
    table.insert("type".to_owned(), json!(["object", "null"]));
}

fn setting(field: &Field, mut rules: Rules, at: &str) -> Value {
    let around = rules.secret;
    rules.secret |= field.secret;
    let mut schema = value::schema(field, rules, at);
    annotate(&mut schema, field, around);
    Value::Object(schema)
}

fn retries() -> Value {
    json!({
        "description": "How often an operation is tried again.",
        "type": ["integer", "string"],
        "$ref": "#/$defs/integer",
        "minimum": 0,
        "maximum": 99,
    })
}

/// The names of the key that says which file holds a secret.
pub(super) fn file_names(field: &Field, known: Known) -> Vec<String> {
    let names = field.names().map(|name| format!("{name}_file"));
    names
        .filter(|name| matches!(known.meaning(name), Some(Meaning::File(_))))
        .collect()
}

fn file(field: &Field) -> Value {
    let description = format!("The path of the file that holds `{}`.", field.name);
    json!({ "type": ["string", "number", "boolean"], "description": description })
}

/// Calls `each` for every field, those of flattened tables in place of the tables.
pub(super) fn each(fields: &'static [Field], each: &mut impl FnMut(&'static Field)) {
    for field in fields {
        match field.shape {
            Shape::Table(nested) if field.flatten => self::each(nested, each),
            _ => each(field),
        }
    }
}
