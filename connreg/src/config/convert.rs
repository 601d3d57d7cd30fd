//! Between our trees and the `config` crate's values, which `serde` types are read from.

use config::{Map, Value as ConfigValue, ValueKind};
use serde::de::DeserializeOwned;

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
            let entries = table.entries.iter().map(|e| (e.key.clone(), to_config(&e.node)));
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
    match to_config(node).try_deserialize() {
        Ok(value) => Some(value),
        Err(_) if context.is_secret() => {
            context.wrong_value(node, "not what this setting takes");
            None
        }
        Err(error) => {
            context.wrong_value(node, error.to_string());
            None
        }
    }
}
