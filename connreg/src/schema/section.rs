//! Places of tables other than `category.type`: those that types share, or choose for themselves.

use serde_json::{Map, Value, json};

use super::connection::{self, type_place};
use super::spelling::{below, pattern};
use super::table::{Keys, Rules, each, file_names, nothing_too};
use crate::config::keys::Known;
use crate::config::sections::Sections;
use crate::config::tree::{canonical, same_name};
use crate::registry::{ConnectionType, Registry};

/// One place, with those below it.
pub(super) struct Place {
    /// The last part of its dotted name.
    pub(super) name: &'static str,
    /// The types whose table stands here.
    pub(super) kinds: Vec<ConnectionType>,
    pub(super) children: Vec<Self>,
}

/// All places below `categories` and beside them, in the order of their types.
pub(super) fn places(registry: &Registry, sections: &Sections) -> Vec<Place> {
    let mut roots = Vec::new();
    for kind in registry.types() {
        for dotted in kind.sections() {
            // A category as a section lets the type stand below it by its name.
            if dotted.contains('.') || !sections.is_category(dotted) {
                insert(&mut roots, dotted, *kind);
            }
        }
    }
    roots
}

fn insert(places: &mut Vec<Place>, dotted: &'static str, kind: ConnectionType) {
    let (name, rest) = match dotted.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (dotted, None),
    };
    let known = places.iter().position(|place| same_name(place.name, name));
    let index = known.unwrap_or(places.len());
    if known.is_none() {
        places.push(Place {
            name,
            kinds: Vec::new(),
            children: Vec::new(),
        });
    }
    let place = &mut places[index];
    match rest {
        Some(rest) => insert(&mut place.children, rest, kind),
        None => place.kinds.push(kind),
    }
}

/// The table of all `kinds` that share a place: each key that one of them knows, beside the `keys` of places below.
pub(super) fn shared(
    kinds: &[ConnectionType],
    mut keys: Keys,
    rules: Rules,
    at: &str,
) -> Map<String, Value> {
    let mut groups: Vec<Group> = Vec::new();
    for kind in kinds {
        each(kind.settings(), &mut |field| {
            let place = below(&below(&type_place(*kind), "properties"), field.name);
            Group {
                main: field.name,
                names: field.names().map(str::to_owned).collect(),
                places: vec![json!({ "$ref": place })],
            }
            .join(&mut groups);
        });
    }
    for group in &groups {
        let schema = match &group.places[..] {
            [place] => place.clone(),
            places => json!({ "anyOf": places }),
        };
        keys.insert(
            at,
            group.main,
            group.names.iter().map(String::as_str),
            schema,
        );
    }
    for kind in kinds {
        let known = Known::of(*kind);
        each(kind.settings(), &mut |field| {
            let files = file_names(field, known);
            if !files.is_empty() {
                keys.also(
                    files.iter().map(String::as_str),
                    json!({ "type": ["string", "number", "boolean"] }),
                );
            }
        });
    }
    connection::common(&mut keys, at);
    let mut table = keys.table(false);
    let docs: Vec<String> = kinds
        .iter()
        .map(|kind| format!("`{kind}`: {}", kind.doc()))
        .collect();
    table.insert("description".to_owned(), json!(docs.join("\n\n")));
    let needs = if rules.whole {
        needs(kinds)
    } else {
        Vec::new()
    };
    if needs.is_empty() {
        nothing_too(&mut table);
    } else {
        table.insert("allOf".to_owned(), Value::Array(needs));
    }
    table
}

/// Which of the types are there is told by a key that only one has; what those need must be there.
fn needs(kinds: &[ConnectionType]) -> Vec<Value> {
    let mut tells = Vec::new();
    let mut needs = Vec::new();
    for kind in kinds {
        let others: Vec<Known> = kinds
            .iter()
            .filter(|other| *other != kind)
            .map(|other| Known::of(*other))
            .collect();
        let mut own = Vec::new();
        let mut conditions = Keys::default();
        each(kind.settings(), &mut |field| {
            let mut names = file_names(field, Known::of(*kind));
            names.extend(field.names().map(str::to_owned));
            if field.required && field.env.is_none() {
                conditions.need(field.name, names.iter().map(String::as_str));
            }
            names.retain(|name| others.iter().all(|known| known.meaning(name).is_none()));
            own.append(&mut names);
        });
        if others.is_empty() {
            return conditions.needed().to_vec();
        }
        if own.is_empty() {
            continue;
        }
        let own = pattern(own.iter().map(String::as_str));
        let tell = json!({ "not": { "propertyNames": { "not": { "pattern": own } } } });
        let conditions = conditions.needed();
        if !conditions.is_empty() {
            needs.push(json!({ "if": tell, "then": { "allOf": conditions } }));
        }
        tells.push(tell);
    }
    // Types that no key tells apart can't share a table.
    needs.push(if tells.is_empty() {
        json!(false)
    } else {
        json!({ "anyOf": tells })
    });
    needs
}

/// Settings of several types that have a name in common.
struct Group {
    main: &'static str,
    names: Vec<String>,
    places: Vec<Value>,
}

impl Group {
    fn join(mut self, groups: &mut Vec<Self>) {
        let canonical_names: Vec<String> = self.names.iter().map(|name| canonical(name)).collect();
        let is_same = |group: &mut Self| {
            group
                .names
                .iter()
                .any(|name| canonical_names.contains(&canonical(name)))
        };
        let mut joined: Option<Self> = None;
        for group in groups.extract_if(.., is_same) {
            match &mut joined {
                None => joined = Some(group),
                Some(joined) => {
                    joined.names.extend(group.names);
                    joined.places.extend(group.places);
                }
            }
        }
        if let Some(mut joined) = joined {
            joined.names.append(&mut self.names);
            joined.places.append(&mut self.places);
            self = joined;
        }
        groups.push(self);
    }
}
