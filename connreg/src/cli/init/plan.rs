//! Which settings of a new connection must say something, and what.
//!
//! What is required says so; what a type's own check asks for is found by trying it out.

use std::collections::BTreeSet;

use crate::config::{self, Options};
use crate::registry::{ConnectionType, Registry};
use crate::settings::{Field, Shape};

/// One connection to be written.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) kind: ConnectionType,
    pub(super) items: Vec<Item>,
}

/// One setting to be written.
pub(super) struct Item {
    pub(super) field: &'static Field,
    /// Its place below the connection, dotted.
    pub(super) key: String,
    /// Whether it counts, or is there to be read only.
    pub(super) active: bool,
    /// Whether it, or a table around it, is secret.
    pub(super) secret: bool,
    /// What is to stand there, in place of the example.
    pub(super) answer: Option<String>,
    pub(super) children: Vec<Self>,
}

impl Plan {
    /// `active`: the optional settings that must say something, by key.
    pub(super) fn new(kind: ConnectionType, name: &str, active: &BTreeSet<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            items: items(kind.settings(), "", false, true, active),
        }
    }

    /// Its settings, those of nested tables behind their table.
    pub(super) fn each(&mut self, visit: &mut impl FnMut(&mut Item)) {
        fn walk(items: &mut [Item], visit: &mut impl FnMut(&mut Item)) {
            for item in items {
                visit(item);
                walk(&mut item.children, visit);
            }
        }
        walk(&mut self.items, visit);
    }
}

/// The settings of `fields`, none of which need say anything.
pub(super) fn items_of(fields: &'static [Field]) -> Vec<Item> {
    items(fields, "", false, true, &BTreeSet::new())
}

fn items(
    fields: &'static [Field],
    prefix: &str,
    secret: bool,
    in_active: bool,
    wanted: &BTreeSet<String>,
) -> Vec<Item> {
    let mut all = Vec::new();
    for field in fields {
        // What should not be used any more is not shown to those who begin.
        if field.deprecated.is_some() {
            continue;
        }
        let secret = secret || field.secret;
        if let (true, Shape::Table(inner)) = (field.flatten, field.shape) {
            all.extend(items(inner, prefix, secret, in_active, wanted));
            continue;
        }
        let key = format!("{prefix}{}", field.name);
        let mut active = in_active && (field.required || wanted.contains(&key));
        let mut children = Vec::new();
        if let Shape::Table(inner) = field.shape {
            let below = format!("{key}.");
            active |= wanted.iter().any(|wanted| wanted.starts_with(&below));
            children = items(inner, &below, secret, active, wanted);
        }
        all.push(Item {
            field,
            key,
            active,
            secret,
            answer: None,
            children,
        });
    }
    all
}

/// The optional settings that the type's own check asks for.
///
/// As many are set as it takes until the check is content; then each is taken away again that it can do without.
pub(super) fn needed(kind: ConnectionType) -> BTreeSet<String> {
    let mut required = Vec::new();
    let mut optional = Vec::new();
    collect(&items_of(kind.settings()), &mut required, &mut optional);
    // An example says what belongs there; what has none is tried last, secrets not at all.
    optional.retain(|(_, value, has_example)| *has_example || !value.is_empty());
    optional.sort_by_key(|(.., has_example)| !has_example);
    let mut chosen: Vec<(String, String)> = Vec::new();
    let content = |chosen: &[(String, String)]| reads(kind, required.iter().chain(chosen));
    let mut rest = optional.into_iter();
    while !content(&chosen) {
        match rest.next() {
            Some((key, value, _)) => chosen.push((key, value)),
            // Nothing helps: it wants what only a person knows.
            None => return BTreeSet::new(),
        }
    }
    let mut index = 0;
    while index < chosen.len() {
        let taken = chosen.remove(index);
        if !content(&chosen) {
            chosen.insert(index, taken);
            index += 1;
        }
    }
    chosen.into_iter().map(|(key, _)| key).collect()
}

/// The settings that must be there, and those that may be tried, with a value and whether that is the example.
fn collect(
    items: &[Item],
    required: &mut Vec<(String, String)>,
    optional: &mut Vec<(String, String, bool)>,
) {
    for item in items {
        if !item.children.is_empty() {
            collect(&item.children, required, optional);
            continue;
        }
        let value = sample(item.field);
        if item.active {
            required.push((item.key.clone(), value));
        } else if !item.secret && item.field.default.is_none() {
            optional.push((item.key.clone(), value, item.field.example.is_some()));
        }
    }
}

/// A value that the setting takes, as far as its description tells.
fn sample(field: &Field) -> String {
    if let Some(text) = field.example.or(field.default) {
        return text.to_owned();
    }
    if let Some(word) = field.one_of.first() {
        return (*word).to_owned();
    }
    let start = field.range.and_then(|range| range.split("..").next());
    if let Some(start) = start.filter(|start| !start.is_empty()) {
        return start.trim().to_owned();
    }
    let sample = of_shape(&field.shape);
    match field.min_len {
        Some(length) if matches!(field.shape, Shape::Text | Shape::Secret) => {
            format!("{sample:x<length$}")
        }
        _ => sample,
    }
}

fn of_shape(shape: &Shape) -> String {
    match *shape {
        Shape::Bool => "false".to_owned(),
        Shape::Integer { min, max } => 1.clamp(min, max).to_string(),
        Shape::Float => "1.0".to_owned(),
        Shape::Text | Shape::Secret | Shape::Connection => "text".to_owned(),
        Shape::Duration => "30s".to_owned(),
        Shape::ByteSize => "1 MiB".to_owned(),
        Shape::Url => "https://example.com".to_owned(),
        Shape::Path => "path/to/file".to_owned(),
        Shape::List(inner) => of_shape(inner),
        Shape::Choice(choices) => choices.first().map_or("", |choice| choice.name).to_owned(),
        Shape::Map(_) | Shape::Table(_) | Shape::Any => String::new(),
    }
}

/// Whether a connection with these values could be loaded.
fn reads<'v>(kind: ConnectionType, values: impl Iterator<Item = &'v (String, String)>) -> bool {
    let Ok(registry) = Registry::linked() else {
        return false;
    };
    let mut overrides = vec![("new.type".to_owned(), kind.name().to_owned())];
    overrides.extend(values.map(|(key, value)| (format!("new.{key}"), value.clone())));
    let options = Options {
        overrides,
        ..Options::default()
    };
    config::load(&options, registry).is_ok()
}
