//! What is said of a key that stands where none of its kind belongs.

use super::code::Code;
use super::common::{TYPE_KEYS, is_type_key};
use super::keys::Known;
use super::report::{Mistake, Report};
use super::sections::Section;
use super::tree::{Entry, Node, Origin, Table, Value};
use crate::nearest::nearest;
use crate::registry::{ConnectionType, Registry};

pub(super) fn defaults_elsewhere(entry: &Entry) -> Mistake {
    let message = format!("`{}` can't stand in the file of a category", entry.key);
    let help = "put it into application, connections or appsettings; what is for one category stands there as \
                `defaults: {categories: {NAME: …}}`";
    Mistake::error(Code::DefaultsElsewhere, &entry.key, message)
        .at(&entry.key_origin)
        .help(help)
}

pub(super) fn unknown_category(entry: &Entry, path: &str, known: &[&str]) -> Mistake {
    let message = format!("there is no category `{}`", entry.key);
    let help = match nearest(&entry.key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.join(", ")),
    };
    Mistake::error(Code::UnknownCategory, path, message)
        .at(&entry.key_origin)
        .help(help)
}

/// The table at `path`; nothing written is an empty one.
pub(super) fn expect_table(node: Node, path: &str, of: &str, report: &mut Report) -> Option<Table> {
    match node.value {
        Value::Table(table) => Some(table),
        Value::Null => Some(Table::default()),
        Value::Mistaken => None,
        _ => {
            let message = format!("expected a table of {of}, found {}", node.kind());
            report.push(Mistake::error(Code::TableExpected, path, message).at(&node.origin));
            None
        }
    }
}

/// Puts settings that stand beside a connection's empty name, for want of indentation, to where they belong.
pub(super) fn gather_strays(
    table: &mut Table,
    path: &str,
    registry: &Registry,
    report: &mut Report,
) {
    let is_scalar = |entry: &Entry| entry.node.scalar_text().is_some();
    let mut at = 0;
    while let Some(entry) = table.entries.get(at) {
        at += 1;
        let behind = table.entries.get(at..).unwrap_or_default();
        if !matches!(entry.node.value, Value::Null) || !behind.first().is_some_and(is_scalar) {
            continue;
        }
        let scalars = || behind.iter().take_while(|entry| is_scalar(entry));
        let explicit = || {
            scalars()
                .find(|entry| is_type_key(&entry.key))?
                .node
                .scalar_text()
        };
        let named = registry.find(&entry.key);
        let Some(kind) = named.or_else(|| registry.find(&explicit()?)) else {
            continue;
        };
        let known = Known::of(kind);
        let is_setting = |key: &str| is_type_key(key) || known.meaning(key).is_some();
        let count = scalars().count();
        let any = scalars().any(|entry| is_setting(&entry.key));
        let Some(first) = behind.first().filter(|_| any) else {
            continue;
        };
        let (name, stray) = (&entry.key, &first.key);
        let message = format!("`{stray}` is a setting of `{name}`, but stands beside it");
        let mistake = Mistake::error(Code::TableExpected, format!("{path}.{stray}"), message);
        let help = format!("indent it deeper than `{name}`");
        report.push(mistake.at(&first.key_origin).help(help));
        let strays = table.entries.drain(at..at + count).collect();
        table.entries[at - 1].node.value = Value::Table(Table {
            entries: strays,
            damaged: false,
        });
    }
}

/// A key on the way to a section's place that leads to none.
pub(super) fn unknown_place(entry: &Entry, path: &str, section: &Section) -> Mistake {
    let mut known: Vec<&str> = section.children().collect();
    known.sort_unstable();
    let help = match nearest(&entry.key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    let key = format!("{path}.{}", entry.key);
    Mistake::error(Code::UnknownKey, key, "unknown key")
        .at(&entry.key_origin)
        .help(help)
}

/// A key that may have been meant to be the type.
pub(super) fn misspelt_type(table: &Table, path: &str) -> Option<Mistake> {
    table.entries.iter().find_map(|entry| {
        let near = nearest(&entry.key, TYPE_KEYS.iter().copied())?;
        let key = format!("{path}.{}", entry.key);
        let mistake = Mistake::error(Code::UnknownKey, key, "unknown key").at(&entry.key_origin);
        Some(mistake.help(format!("did you mean `{near}`?")))
    })
}

/// A type in the file, or below the key, of another category.
pub(super) fn wrong_category(
    kind: ConnectionType,
    category: &str,
    key: &str,
    origin: &Origin,
) -> Mistake {
    let message = format!("`{kind}` is no connection type of the category `{category}`");
    let right = match kind.sections().first() {
        Some(section) => section.split('.').next().unwrap_or(section),
        None => kind.category(),
    };
    Mistake::error(Code::WrongCategory, key, message)
        .at(origin)
        .help(format!("put it below `{right}:`"))
}

/// The names of the types that there are.
pub(crate) fn linked(registry: &Registry) -> String {
    match registry.types() {
        [] => "no connection type is linked".to_owned(),
        types => {
            let names: Vec<&str> = types.iter().map(|kind| kind.name()).collect();
            format!("linked: {}", names.join(", "))
        }
    }
}
