//! What connections fall back on: `defaults`, its categories, named policies, and what .NET services write instead.

use serde_json::{Map, Value, json};

use super::connection::{POLICY, flat_names};
use super::spelling::below;
use super::table::{Keys, nothing_too};
use crate::config::common::FIELDS;
use crate::config::defaults::{CATEGORIES, OWN};
use crate::settings::Shape;

/// What `defaults` may hold; the settings of one category stand at `category`.
pub(super) fn defaults(categories: &[&str], category: &Value, at: &str) -> Value {
    let place = below(&below(at, "properties"), CATEGORIES);
    let mut names = Keys::default();
    for name in categories {
        names.insert(&place, name, [*name], category.clone());
    }
    let mut names = names.table(false);
    names.insert("description".to_owned(), json!("Defaults by category."));
    nothing_too(&mut names);
    let mut keys = Keys::default();
    keys.insert(at, CATEGORIES, [CATEGORIES], Value::Object(names));
    let what =
        "What connections fall back on; a category's defaults and named policies go before it.";
    Value::Object(settings(keys, at, what))
}

/// The settings of one category, or of one policy.
pub(super) fn policy(at: &str) -> Value {
    let what = "What connections fall back on.";
    Value::Object(settings(Keys::default(), at, what))
}

/// Named policies, each of which stands at `policy`.
pub(super) fn policies(policy: Value) -> Value {
    let mut table = Keys::default().table(policy);
    let what = "Policies that a connection may name: `policy: NAME`.";
    table.insert("description".to_owned(), json!(what));
    nothing_too(&mut table);
    Value::Object(table)
}

fn settings(mut keys: Keys, at: &str, what: &str) -> Map<String, Value> {
    let properties = below(POLICY, "properties");
    for field in FIELDS.iter().filter(|field| !OWN.contains(&field.name)) {
        let place = below(&properties, field.name);
        keys.insert(at, field.name, field.names(), json!({ "$ref": place }));
    }
    flat_names(&mut keys, |_| true);
    let mut table = keys.table(false);
    table.insert("description".to_owned(), json!(what));
    nothing_too(&mut table);
    table
}

/// `ConnectionPooling`: the settings of a pool at its top.
pub(super) fn pooling(at: &str) -> Value {
    let properties = below(POLICY, "properties");
    let mut keys = Keys::default();
    for field in FIELDS {
        let place = below(&properties, field.name);
        match field.shape {
            Shape::Table(inner) if field.name == "pool" => {
                for inner in inner {
                    let place = below(&below(&place, "properties"), inner.name);
                    keys.insert(at, inner.name, inner.names(), json!({ "$ref": place }));
                }
            }
            _ if field.name == "connect_timeout" => {
                keys.also(field.names(), json!({ "$ref": place }));
            }
            _ => {}
        }
    }
    flat_names(&mut keys, |table| table == "pool");
    let mut table = keys.table(false);
    let what = "The defaults of every pool, as .NET services write them.";
    table.insert("description".to_owned(), json!(what));
    nothing_too(&mut table);
    Value::Object(table)
}
