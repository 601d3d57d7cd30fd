//! Between our trees and the `config` crate's values, which `serde` types are read from.

use config::{ConfigError, Map, Value as ConfigValue, ValueKind};
use serde::de::DeserializeOwned;

use super::code::Code;
use super::tree::{Node, Value};
use crate::settings::ReadContext;

/// `node` as the `config` crate's value, each leaf with its place as the origin.
pub(crate) fn to_config(node: &Node) -> ConfigValue {
    let kind = match &node.value {
        Value::Null | Value::Mistaken => ValueKind::Nil,
        Value::Bool(value) => ValueKind::Boolean(*value),
        Value::Integer(number) => match i64::try_from(*number) {
            Ok(number) => ValueKind::I64(number),
            Err(_) => ValueKind::I128(*number),
        },
        Value::Float(number) => ValueKind::Float(*number),
        Value::Text(text) => ValueKind::String(text.clone()),
        Value::List(items) => ValueKind::Array(items.iter().map(to_config).collect()),
        Value::Table(table) => {
            let entries = table
                .entries
                .iter()
                .map(|e| (e.key.clone(), to_config(&e.node)));
            ValueKind::Table(entries.collect::<Map<_, _>>())
        }
    };
    ConfigValue::new(Some(&node.origin.to_string()), kind)
}

/// Reads `node` as any `serde` type.
pub(crate) fn deserialize<T: DeserializeOwned>(
    node: &Node,
    context: &mut ReadContext<'_>,
) -> Option<T> {
    // What could not be had is reported already.
    if node.is_mistaken() {
        return None;
    }
    match to_config(node).try_deserialize() {
        Ok(value) => Some(value),
        Err(error) => {
            let message = message(&error, node, context.is_secret());
            context.wrong_value(Code::WrongKind, node, message);
            None
        }
    }
}

/// What `serde` says, as far as it quotes no value: a type of somebody else's may well hold a secret.
fn message(error: &ConfigError, node: &Node, secret: bool) -> String {
    const PLAIN: &str = "not what this setting takes";
    match error {
        _ if secret => PLAIN.to_owned(),
        ConfigError::At { error, .. } => message(error, node, secret),
        ConfigError::Type { expected, key, .. } => match key {
            Some(key) => format!("expected {expected} for `{key}`"),
            None => format!("expected {expected}"),
        },
        error => {
            let said = error.to_string();
            if quotes(&said, node) {
                PLAIN.to_owned()
            } else {
                said
            }
        }
    }
}

/// Whether a message holds the text of a value; of one or two letters nobody can tell.
pub(crate) fn quotes(message: &str, node: &Node) -> bool {
    match &node.value {
        Value::List(items) => items.iter().any(|item| quotes(message, item)),
        Value::Table(table) => table
            .entries
            .iter()
            .any(|entry| quotes(message, &entry.node)),
        _ => node
            .scalar_text()
            .is_some_and(|text| text.len() > 3 && message.contains(&text)),
    }
}
