//! Configuration files as an editor sees them: as JSON values, by parsers other than connreg's where there are any.

use std::path::Path;

use jsonc_parser::{JsonValue, ParseOptions};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use toml_edit::{Item, TableLike};

/// The content of the file at `path`, by its extension; `None`: it is none, or not in order.
pub(crate) fn read(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    parse(
        text.trim_start_matches('\u{feff}'),
        path.extension()?.to_str()?,
    )
}

/// The value that `text` writes in the format that `extension` stands for.
pub(crate) fn parse(text: &str, extension: &str) -> Option<Value> {
    match extension {
        "json" => jsonc_parser::parse_to_value(text, &ParseOptions::default())
            .ok()
            .map(|value| value.map_or(Value::Null, json_value)),
        "toml" => toml_edit::Document::parse(text)
            .ok()
            .map(|document| toml_table(document.as_table())),
        "yaml" | "yml" => Yaml::load_from_str(text)
            .ok()
            .map(|documents| documents.first().map_or(Value::Null, yaml)),
        _ => None,
    }
}

/// The value that is written as YAML.
pub(crate) fn from_yaml(text: &str) -> Value {
    parse(text, "yaml").expect("a YAML document")
}

fn yaml(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::FloatingPoint(number)) => json!(number.into_inner()),
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Sequence(items) => items.iter().map(yaml).collect(),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            let mut merged = Vec::new();
            for (key, value) in entries {
                let key = yaml(key).as_str().expect("a text as a key").to_owned();
                match (key.as_str(), yaml(value)) {
                    ("<<", Value::Array(several)) => merged.extend(several),
                    ("<<", one) => merged.push(one),
                    (_, value) => drop(object.insert(key, value)),
                }
            }
            // Editors resolve merge keys before they ask the schema.
            for table in merged {
                for (key, value) in table.as_object().expect("a table behind `<<`") {
                    object.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            Value::Object(object)
        }
        other => panic!("not a value: {other:?}"),
    }
}

fn json_value(value: JsonValue<'_>) -> Value {
    match value {
        JsonValue::Null => Value::Null,
        JsonValue::Boolean(value) => json!(value),
        JsonValue::Number(number) => serde_json::from_str(number).expect("a number"),
        JsonValue::String(text) => json!(text),
        JsonValue::Array(items) => items.take_inner().into_iter().map(json_value).collect(),
        JsonValue::Object(object) => {
            let entries = object.take_inner().into_iter();
            entries
                .map(|(key, value)| (key.into_owned(), json_value(value)))
                .collect()
        }
    }
}

fn toml_table(table: &dyn TableLike) -> Value {
    table
        .iter()
        .map(|(key, item)| (key.to_owned(), toml(item)))
        .collect()
}

fn toml(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return toml_table(table);
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|table| toml_table(table)).collect();
    }
    item.as_value().map_or(Value::Null, toml_value)
}

fn toml_value(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    match value {
        Toml::String(text) => json!(text.value()),
        Toml::Integer(number) => json!(number.value()),
        Toml::Float(number) => json!(number.value()),
        Toml::Boolean(value) => json!(value.value()),
        Toml::Datetime(value) => json!(value.value().to_string()),
        Toml::Array(items) => items.iter().map(toml_value).collect(),
        Toml::InlineTable(table) => toml_table(table),
    }
}
