//! One connection: the table of a type, and which type's table it is.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::annotation::annotate;
use super::spelling::{alternatives, below, pattern};
use super::table::{Keys, Rules, nothing_too};
use super::text::PLACEHOLDER;
use super::value::{self, object};
use crate::config::common::{FIELDS, FLAT_NAMES, TYPE_KEYS};
use crate::registry::ConnectionType;

/// The settings that every connection has; the tables of types refer to them one by one, since a schema that
/// refers to them as a whole could not say that no other key is allowed.
pub(super) const POLICY: &str = "#/$defs/policy";

/// The definition of a connection of any type.
pub(super) const ANY: &str = "connection";

/// The keys that say what type a connection has.
static TYPE: LazyLock<String> = LazyLock::new(|| pattern(TYPE_KEYS.iter().copied()));

/// A type's names.
pub(super) fn names(kind: ConnectionType) -> impl Iterator<Item = &'static str> {
    std::iter::once(kind.name()).chain(kind.aliases().iter().copied())
}

pub(super) fn type_place(kind: ConnectionType) -> String {
    below("#/$defs", &format!("type.{}", kind.name()))
}

/// The settings of every connection, once for all types.
pub(super) fn policy(rules: Rules) -> Value {
    let properties = FIELDS.iter().map(|field| {
        let place = below(&below(POLICY, "properties"), field.name);
        let mut schema = value::schema(field, rules, &place);
        annotate(&mut schema, field, false);
        (field.name.to_owned(), Value::Object(schema))
    });
    json!({ "properties": properties.collect::<Map<_, _>>() })
}

/// What can be written for a connection of type `kind`.
pub(super) fn table(kind: ConnectionType, rules: Rules) -> Value {
    let at = type_place(kind);
    let mut keys = Keys::default();
    keys.settings(kind.settings(), rules, &at);
    common(&mut keys, &at);
    // Which type it is has been seen before this table is asked.
    let any = json!({ "description": "The connection's type." });
    keys.insert(&at, "type", TYPE_KEYS.iter().copied(), any);
    let needy = !keys.needed().is_empty();
    let mut table = keys.table(false);
    table.insert("description".to_owned(), json!(kind.doc()));
    if !needy {
        nothing_too(&mut table);
    }
    Value::Object(table)
}

/// Adds the keys that every connection has.
pub(super) fn common(keys: &mut Keys, at: &str) {
    let properties = below(POLICY, "properties");
    for field in FIELDS {
        let place = below(&properties, field.name);
        keys.insert(at, field.name, field.names(), json!({ "$ref": place }));
    }
    flat_names(keys, |_| true);
}

/// Adds the flat names of settings in the tables that `is_wanted`.
pub(super) fn flat_names(keys: &mut Keys, is_wanted: impl Fn(&str) -> bool) {
    let properties = below(POLICY, "properties");
    let mut tables: Vec<(&str, &str)> = Vec::new();
    for (_, table, setting) in FLAT_NAMES.iter().filter(|(_, table, _)| is_wanted(table)) {
        if !tables.contains(&(table, setting)) {
            tables.push((table, setting));
        }
    }
    for (table, setting) in tables {
        let flat = FLAT_NAMES
            .iter()
            .filter(|(_, t, s)| (*t, *s) == (table, setting));
        let place = below(&below(&below(&properties, table), "properties"), setting);
        keys.also(flat.map(|(name, ..)| *name), json!({ "$ref": place }));
    }
}

/// The names of `kinds`, as the value of `type`.
pub(super) fn type_names(kinds: &[ConnectionType]) -> Value {
    let main: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let spellings = alternatives(kinds.iter().copied().flat_map(names));
    let spelled = json!({ "pattern": format!("^(?:{spellings})$|{PLACEHOLDER}") });
    json!({
        "description": "The connection's type.",
        "type": "string",
        "anyOf": [{ "enum": main }, spelled],
    })
}

/// Holds where `type` says `kind`.
pub(super) fn says(kind: ConnectionType) -> Value {
    let other = json!({ TYPE.as_str(): { "not": { "pattern": pattern(names(kind)) } } });
    json!({ "type": "object", "not": { "patternProperties": other } })
}

/// Holds where there is no `type`.
pub(super) fn untyped() -> Value {
    json!({ "propertyNames": { "not": { "pattern": TYPE.as_str() } } })
}

/// Holds where the type is not known: there is none, or a placeholder.
pub(super) fn unknown() -> Value {
    json!({ "patternProperties": { TYPE.as_str(): { "$ref": "#/$defs/placeholder" } } })
}

/// A connection of any of `kinds`, whose names stand at `types`: its table is the one that `type` says. Without
/// a type it goes over one from elsewhere, and may be of any.
pub(super) fn dispatch(kinds: &[ConnectionType], types: &str, rules: Rules) -> Value {
    let mut branches: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let says = below("#/$defs", &format!("is.{}", kind.name()));
            json!({ "if": { "$ref": says }, "then": { "$ref": type_place(*kind) } })
        })
        .collect();
    let any: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({ "$ref": type_place(*kind) }))
        .collect();
    branches.push(json!({ "if": { "$ref": "#/$defs/unknown" }, "then": { "anyOf": any } }));
    let mut dispatch = object(json!({
        "properties": { "type": { "$ref": types } },
        "patternProperties": { TYPE.as_str(): { "$ref": types } },
    }));
    if rules.whole {
        dispatch.insert("type".to_owned(), json!("object"));
        branches
            .push(json!({ "if": { "$ref": "#/$defs/untyped" }, "then": { "required": ["type"] } }));
    } else {
        nothing_too(&mut dispatch);
    }
    dispatch.insert("allOf".to_owned(), Value::Array(branches));
    Value::Object(dispatch)
}
