//! What stands at the top of a file: categories, places that types chose for themselves, `connections`.

use serde_json::{Map, Value, json};

use super::connection::{self, names, type_place};
use super::defaults;
use super::section::{self, Place};
use super::spelling::below;
use super::table::{Keys, Rules, nothing_too};
use crate::config::defaults::{DEFAULTS, POLICIES};
use crate::config::dotnet::CONNECTION_POOLING;
use crate::config::sections::Sections;
use crate::config::tree::same_name;
use crate::registry::{ConnectionType, Registry};

/// The definitions of what is below the top, each under its own name.
pub(super) struct Top<'r> {
    pub(super) registry: &'r Registry,
    pub(super) rules: Rules,
    pub(super) definitions: Map<String, Value>,
}

impl Top<'_> {
    /// The keys at the top of a file.
    pub(super) fn keys(&mut self) -> Keys {
        let sections = Sections::new(self.registry);
        let mut places = section::places(self.registry, &sections);
        let mut keys = Keys::default();
        let connections = self.by_name();
        self.top_key(&mut keys, "connections", connections);
        for category in sections.categories() {
            let place = places
                .extract_if(.., |place| same_name(place.name, category))
                .next();
            let children = place.map(|place| place.children).unwrap_or_default();
            let schema = self.category(category, &children);
            self.top_key(&mut keys, category, schema);
        }
        for place in &places {
            let schema = self.place(place, None);
            self.top_key(&mut keys, place.name, schema);
        }
        self.defaults(&mut keys, sections.categories());
        keys
    }

    /// What connections fall back on.
    fn defaults(&mut self, keys: &mut Keys, categories: &[&str]) {
        let one = "fallback";
        let policy = self.define(one.to_owned(), defaults::policy(&below("#/$defs", one)));
        let at = |name: &str| below("#/$defs", &format!("in.{name}"));
        let all = defaults::defaults(categories, &policy, &at(DEFAULTS));
        self.top_key(keys, DEFAULTS, all);
        self.top_key(keys, POLICIES, defaults::policies(policy));
        let pooling = defaults::pooling(&at(CONNECTION_POOLING));
        self.top_key(keys, CONNECTION_POOLING, pooling);
    }

    fn top_key(&mut self, keys: &mut Keys, name: &str, schema: Value) {
        let at = self.define(format!("in.{name}"), schema);
        keys.insert("#", name, [name], at);
    }

    fn define(&mut self, name: String, schema: Value) -> Value {
        let place = below("#/$defs", &name);
        self.definitions.insert(name, schema);
        json!({ "$ref": place })
    }

    /// Connections by name.
    fn by_name(&mut self) -> Value {
        let any = self.any_of(connection::ANY, self.registry.types());
        let mut table = Keys::default().table(any);
        table.insert("description".to_owned(), json!("Connections by name."));
        nothing_too(&mut table);
        Value::Object(table)
    }

    /// A connection whose type is told by its `type`: one of `kinds`, or else no connection can stand here.
    fn any_of(&mut self, name: &str, kinds: &[ConnectionType]) -> Value {
        if kinds.is_empty() {
            return json!(false);
        }
        if self.definitions.contains_key(name) {
            return json!({ "$ref": below("#/$defs", name) });
        }
        let types = format!("{name}.types");
        let dispatch = connection::dispatch(kinds, &below("#/$defs", &types), self.rules);
        self.define(types, connection::type_names(kinds));
        self.define(name.to_owned(), dispatch)
    }

    fn allowed(&self, category: &str) -> Vec<ConnectionType> {
        let types = self.registry.types().iter().copied();
        types
            .filter(|kind| Sections::allows(*kind, category))
            .collect()
    }

    /// Connections whose name is a type of `category`, or which have a type; and the `children` that types share.
    fn category(&mut self, category: &str, children: &[Place]) -> Value {
        let at = below("#/$defs", &format!("in.{category}"));
        let allowed = self.allowed(category);
        let any = self.any_of(&format!("{}.{category}", connection::ANY), &allowed);
        let mut keys = self.children(children, category, &at);
        let is_child = |name: &&str| children.iter().any(|child| same_name(child.name, name));
        for kind in &allowed {
            let free: Vec<&str> = names(*kind).filter(|name| !is_child(name)).collect();
            let Some(main) = free.first() else { continue };
            let implied = json!({
                "if": { "$ref": "#/$defs/untyped" },
                "then": { "$ref": type_place(*kind) },
                "else": any,
            });
            keys.insert(&at, main, free.iter().copied(), implied);
        }
        // The name of a type of another category says something wrong, unless it is a name like any other.
        let foreign = self
            .registry
            .types()
            .iter()
            .filter(|kind| !allowed.contains(kind));
        let foreign: Vec<&str> = foreign
            .flat_map(|kind| names(*kind))
            .filter(|name| !is_child(name))
            .collect();
        if !foreign.is_empty() && !allowed.is_empty() {
            let wrong = json!({ "if": { "$ref": "#/$defs/untyped" }, "then": false, "else": any });
            keys.also(foreign, wrong);
        }
        let mut table = keys.table(any);
        let what = match &allowed[..] {
            [] => format!("No linked connection type belongs to `{category}`."),
            kinds => {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
                format!(
                    "Connections of the types {}, by type or name.",
                    kinds.join(", ")
                )
            }
        };
        table.insert("description".to_owned(), json!(what));
        nothing_too(&mut table);
        Value::Object(table)
    }

    fn children(&mut self, children: &[Place], above: &str, at: &str) -> Keys {
        let mut keys = Keys::default();
        for child in children {
            let schema = self.place(child, Some(above));
            let schema = self.define(format!("in.{above}.{}", child.name), schema);
            keys.insert(at, child.name, [child.name], schema);
        }
        keys
    }

    /// A place that is no category.
    fn place(&mut self, place: &Place, above: Option<&str>) -> Value {
        let dotted = match above {
            Some(above) => format!("{above}.{}", place.name),
            None => place.name.to_owned(),
        };
        let at = below("#/$defs", &format!("table.{dotted}"));
        let keys = self.children(&place.children, &dotted, &at);
        let table = match &place.kinds[..] {
            [] => {
                let mut table = keys.table(false);
                nothing_too(&mut table);
                return self.define(format!("table.{dotted}"), Value::Object(table));
            }
            [kind] if place.children.is_empty() && above.is_some() => {
                json!({ "$ref": type_place(*kind) })
            }
            kinds => {
                let table = section::shared(kinds, keys, self.rules, &at);
                self.define(format!("table.{dotted}"), Value::Object(table))
            }
        };
        let Some(above) = above else { return table };
        // With a type it is a connection of its own, called like the place.
        let any = self.any_of(
            &format!("{}.{above}", connection::ANY),
            &self.allowed(above),
        );
        json!({ "if": { "$ref": "#/$defs/untyped" }, "then": table, "else": any })
    }
}
