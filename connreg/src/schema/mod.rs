//! A JSON Schema (2020-12) of all configuration files, made from the types that the binary links.
//!
//! What a schema can't say is the loader's to tell: see [`Schema`]. Reading files is [`crate::config`]'s.

mod annotation;
mod bounds;
mod category;
mod connection;
mod defaults;
mod section;
mod spelling;
mod table;
mod text;
mod value;

#[cfg(feature = "cli")]
pub(crate) use self::annotation::literal;

use serde_json::{Value, json};

use self::category::Top;
use self::table::Rules;
use crate::error::Error;
use crate::registry::Registry;

/// The schema of every configuration file, for the types in `registry`.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), connreg::Error> {
/// let schema = connreg::schema::json_schema(connreg::Registry::linked()?);
/// assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
/// # Ok(())
/// # }
/// ```
pub fn json_schema(registry: &Registry) -> Value {
    Schema::new(registry).to_json()
}

/// The schema of every configuration file, for the types that this binary links.
///
/// # Errors
///
/// Two linked types that answer to one name.
pub fn linked() -> Result<Value, Error> {
    Registry::linked().map(json_schema)
}

/// A schema to be made, and how much it asks for.
///
/// A schema sees one file, and does not see its name. So it lets settings be left out, which may stand in another
/// file, the environment or code, and lets other top-level keys in, which `application` and `appsettings` may have;
/// [`whole`](Self::whole) and [`connections_only`](Self::connections_only) ask for more. What it accepts may still be
/// refused by the loader: text out of range (`"99999"`, `"2h"`), what placeholders give, one setting under two names,
/// names used twice, missing files and connections that are referred to, and `validate` functions.
#[derive(Clone, Debug)]
#[must_use]
pub struct Schema<'r> {
    registry: &'r Registry,
    whole: bool,
    connections_only: bool,
}

impl<'r> Schema<'r> {
    /// A schema that accepts every file that has a place in a valid configuration.
    pub fn new(registry: &'r Registry) -> Self {
        Self {
            registry,
            whole: false,
            connections_only: false,
        }
    }

    /// For files that nothing is added to: each connection has its type and all that it needs, except what a
    /// variable of its own (`PGHOST`) may give.
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// For files with connections alone, `connections` and `application-{category}`: other top-level keys are mistakes.
    pub fn connections_only(mut self) -> Self {
        self.connections_only = true;
        self
    }

    /// The schema, in a stable order.
    pub fn to_json(&self) -> Value {
        let rules = Rules {
            whole: self.whole,
            secret: false,
        };
        let types = self.registry.types();
        let mut definitions = text::definitions();
        definitions.insert("policy".to_owned(), connection::policy(rules));
        definitions.insert("untyped".to_owned(), connection::untyped());
        definitions.insert("unknown".to_owned(), connection::unknown());
        for kind in types {
            definitions.insert(format!("is.{kind}"), connection::says(*kind));
            definitions.insert(format!("type.{kind}"), connection::table(*kind, rules));
        }
        let mut top = Top {
            registry: self.registry,
            rules,
            definitions,
        };
        let mut keys = top.keys();
        keys.exact(
            "$schema",
            json!({ "type": "string", "description": "Where the schema of this file is." }),
        );
        let mut schema = keys.table(!self.connections_only);
        let variant = match (self.whole, self.connections_only) {
            (false, false) => "",
            (true, false) => ":whole",
            (false, true) => ":connections-only",
            (true, true) => ":whole:connections-only",
        };
        table::nothing_too(&mut schema);
        schema.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        schema.insert(
            "$id".to_owned(),
            json!(format!("urn:connreg:configuration{variant}")),
        );
        schema.insert("title".to_owned(), json!("connreg"));
        schema.insert("$defs".to_owned(), Value::Object(top.definitions));
        Value::Object(schema)
    }
}
