//! From a key, as somebody spelt it, to the setting that it means; and a table in terms of settings.
//!
//! Layers are merged setting by setting, so that this comes before merging.

use std::collections::HashMap;

use super::build::dotted;
use super::code::Code;
use super::common;
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Origin, Table, Value, canonical, same_name};
use crate::nearest::nearest;
use crate::registry::ConnectionType;
use crate::settings::{Field, Shape};

/// Keys that begin so are nobody's: a place for anchors.
pub(crate) fn is_ignored(key: &str) -> bool {
    key.starts_with("x-") || key.starts_with("X-")
}

/// What a key means in a table.
#[derive(Clone, Copy)]
pub(crate) enum Meaning {
    Setting(&'static Field),
    /// `<secret>_file`: the path of the file that holds it.
    File(&'static Field),
    /// A flat name: the table's field and the setting in it.
    Flat(&'static Field, &'static Field),
}

/// The settings of a table: those of a type and those of every connection, or those of a nested struct.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    own: &'static [Field],
    common: &'static [Field],
}

impl Known {
    /// What a connection of a type can be told.
    pub(crate) fn of(kind: ConnectionType) -> Self {
        Self {
            own: kind.settings(),
            common: common::FIELDS,
        }
    }

    /// What every connection can be told.
    pub(crate) fn common() -> Self {
        Self {
            own: &[],
            common: common::FIELDS,
        }
    }

    pub(crate) fn nested(own: &'static [Field]) -> Self {
        Self { own, common: &[] }
    }

    pub(crate) fn meaning(self, key: &str) -> Option<Meaning> {
        if let Some(field) = find(self.own, key).or_else(|| find(self.common, key)) {
            return Some(Meaning::Setting(field));
        }
        if !self.common.is_empty()
            && let Some((table, setting)) = common::flat_name(key)
        {
            let table = find(self.common, table)?;
            let Shape::Table(fields) = table.shape else {
                return None;
            };
            return Some(Meaning::Flat(table, find(fields, setting)?));
        }
        let secret = canonical(key);
        let secret = secret
            .strip_suffix("file")
            .filter(|name| !name.is_empty())?;
        let field = find(self.own, secret)?;
        matches!(field.shape, Shape::Secret).then_some(Meaning::File(field))
    }

    /// Every name that a key may have, for suggestions.
    pub(crate) fn names(self) -> Vec<String> {
        let mut names = Vec::new();
        collect(self.own, &mut |field| {
            names.extend(field.names().map(str::to_owned));
            if matches!(field.shape, Shape::Secret) {
                names.push(format!("{}_file", field.name));
            }
        });
        collect(self.common, &mut |field| {
            names.extend(field.names().map(str::to_owned));
        });
        if !self.common.is_empty() {
            names.extend(
                common::FLAT_NAMES
                    .iter()
                    .map(|(name, ..)| (*name).to_owned()),
            );
            names.push("type".to_owned());
        }
        names
    }

    /// The names of its own settings, without other names for them.
    pub(crate) fn main_names(self) -> Vec<&'static str> {
        let mut names = Vec::new();
        collect(self.own, &mut |field| names.push(field.name));
        names
    }

    /// The name that a key was meant to be.
    pub(crate) fn nearest(self, key: &str) -> Option<String> {
        let names = self.names();
        nearest(key, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// What to say of a key that means nothing.
    pub(crate) fn help(self, key: &str) -> String {
        if let Some(near) = self.nearest(key) {
            return format!("did you mean `{near}`?");
        }
        let main = self.main_names();
        match (main.is_empty(), self.common.is_empty()) {
            (true, true) => "no key is known here".to_owned(),
            (true, false) => format!("known keys: {}", super::defaults::names().join(", ")),
            (false, _) => format!("known keys: {}", main.join(", ")),
        }
    }
}

fn find(fields: &'static [Field], key: &str) -> Option<&'static Field> {
    fields.iter().find_map(|field| match field.shape {
        Shape::Table(nested) if field.flatten => find(nested, key),
        _ => field
            .names()
            .any(|name| same_name(name, key))
            .then_some(field),
    })
}

fn collect(fields: &'static [Field], each: &mut impl FnMut(&'static Field)) {
    for field in fields {
        match field.shape {
            Shape::Table(nested) if field.flatten => collect(nested, each),
            _ => each(field),
        }
    }
}

/// `table` with every key matched to its setting, flat names moved to where they belong, and a setting that is
/// there under two names reported. What means nothing stays, for the reader to report.
pub(crate) fn normalise(table: Table, path: &[String], known: Known, report: &mut Report) -> Table {
    let mut normal = Normal::default();
    normal.table.damaged = table.damaged;
    let mut flat = Vec::new();
    for mut entry in table.entries {
        if is_ignored(&entry.key) {
            continue;
        }
        match known.meaning(&entry.key) {
            None => {}
            Some(Meaning::Setting(field)) => {
                entry.setting = Some(field.name);
                let mut path = path.to_vec();
                path.push(entry.key.clone());
                entry.node = normalise_node(entry.node, &path, &field.shape, report);
            }
            Some(Meaning::File(field)) => {
                entry.setting = Some(field.name);
                entry.from_file = true;
            }
            Some(Meaning::Flat(table, field)) => {
                entry.setting = Some(field.name);
                flat.push((table.name, entry));
                continue;
            }
        }
        normal.put(entry, path, report);
    }
    for (table, mut entry) in flat {
        let at_home = || dotted(path, &entry.key).into();
        entry.path.get_or_insert_with(at_home);
        let home = normal.table(table, &entry.key_origin);
        // A home that is no table is reported by the reader.
        if let Value::Table(inner) = &mut home.node.value {
            let mut there = Normal::of(std::mem::take(inner));
            there.put(entry, path, report);
            *inner = there.table;
        }
    }
    normal.table
}

/// A table each of whose settings is there once.
#[derive(Default)]
struct Normal {
    table: Table,
    settings: HashMap<&'static str, usize>,
}

impl Normal {
    fn of(table: Table) -> Self {
        let settings = table.entries.iter().enumerate();
        let settings = settings
            .filter_map(|(at, entry)| Some((entry.setting?, at)))
            .collect();
        Self { table, settings }
    }

    /// Adds `entry` unless its setting is there already: an explicit one goes before an inherited one, two
    /// explicit ones are a mistake.
    fn put(&mut self, entry: Entry, path: &[String], report: &mut Report) {
        let at = entry.setting.map(|setting| {
            *self
                .settings
                .entry(setting)
                .or_insert(self.table.entries.len())
        });
        let Some(there) = at.and_then(|at| self.table.entries.get_mut(at)) else {
            self.table.entries.push(entry);
            return;
        };
        match (there.inherited, entry.inherited) {
            (true, false) => *there = entry,
            (_, true) => {}
            (false, false) => {
                let name = entry.setting.unwrap_or(&entry.key);
                let key = match &entry.path {
                    Some(path) => path.to_string(),
                    None => dotted(path, &entry.key),
                };
                report.push(set_twice(
                    &key,
                    name,
                    &entry.key_origin,
                    &there.key,
                    &there.key_origin,
                ));
            }
        }
    }

    /// The entry of the table called `name`, which comes to be at `origin` if it isn't there.
    fn table(&mut self, name: &'static str, origin: &Origin) -> &mut Entry {
        let at = *self
            .settings
            .entry(name)
            .or_insert(self.table.entries.len());
        if at == self.table.entries.len() {
            let node = Node::new(Value::Table(Table::default()), origin.clone());
            let mut entry = Entry::new(name, origin.clone(), node);
            entry.setting = Some(name);
            self.table.entries.push(entry);
        }
        &mut self.table.entries[at]
    }
}

fn normalise_node(node: Node, path: &[String], shape: &Shape, report: &mut Report) -> Node {
    let Node {
        value,
        origin,
        written,
        lent,
    } = node;
    let value = match (value, shape) {
        (Value::Table(table), Shape::Table(fields)) => {
            Value::Table(normalise(table, path, Known::nested(fields), report))
        }
        (Value::Table(mut table), Shape::Map(inner)) => {
            for entry in &mut table.entries {
                let mut path = path.to_vec();
                path.push(entry.key.clone());
                let empty = Node::new(Value::Null, entry.node.origin.clone());
                let node = std::mem::replace(&mut entry.node, empty);
                entry.node = normalise_node(node, &path, inner, report);
            }
            Value::Table(table)
        }
        (Value::List(items), Shape::List(inner)) => {
            let items = items.into_iter().enumerate().map(|(index, item)| {
                let mut path = path.to_vec();
                path.push(format!("[{index}]"));
                normalise_node(item, &path, inner, report)
            });
            Value::List(items.collect())
        }
        (value, _) => value,
    };
    Node {
        value,
        origin,
        written,
        lent,
    }
}

/// One setting under two names.
pub(crate) fn set_twice(
    key: &str,
    name: &str,
    origin: &Origin,
    first: &str,
    first_origin: &Origin,
) -> Mistake {
    let message = format!("`{name}` is set twice: also as `{first}`");
    Mistake::error(Code::SetTwice, key, message)
        .at(origin)
        .related(first_origin, "the other one is")
        .help("keep one of them")
}
