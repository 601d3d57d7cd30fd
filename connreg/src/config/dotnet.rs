//! What .NET services write that means something else than its name does here. Mere other names are aliases.

use super::code::Code;
use super::common::FIELDS;
use super::keys::{Known, Meaning, is_ignored};
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Table, Value, same_name};
use crate::nearest::nearest;
use crate::settings::{Field, Shape};

/// The section with the defaults of pools.
pub(crate) const CONNECTION_POOLING: &str = "ConnectionPooling";

/// The section of other libraries for the same service; each `appsettings` may have it.
pub(crate) const CONNECTION_STRINGS: &str = "ConnectionStrings";

/// Names for the number of retries, which does not count the first attempt as `max_attempts` does.
const RETRIES: &[&str] = &[
    "max_retries",
    "max_retry_attempts",
    "max_retry_count",
    "retry_count",
];

/// Whether a key of `retry` counts retries rather than attempts.
pub(crate) fn counts_retries(key: &str) -> bool {
    RETRIES.iter().any(|name| same_name(name, key))
}

/// Turns the number of retries in a connection's resolved table into the number of attempts.
pub(crate) fn count_attempts(table: &mut Table) {
    let retry = table
        .entries
        .iter_mut()
        .find(|entry| entry.setting == Some("retry"));
    if let Some(Value::Table(retry)) = retry.map(|entry| &mut entry.node.value) {
        retry.entries.iter_mut().for_each(attempts);
    }
}

/// Turns the number of retries, if `entry` has it, into the number of attempts.
pub(crate) fn attempts(entry: &mut Entry) {
    if entry.setting != Some("max_attempts") || !counts_retries(&entry.key) {
        return;
    }
    let retries = match &entry.node.value {
        Value::Integer(retries) => Some(*retries),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    // What is no number is the reader's to report.
    if let Some(retries) = retries {
        entry.node.value = Value::Integer(retries.saturating_add(1));
        entry.node.written = None;
    }
}

/// The defaults that `ConnectionPooling`, which stands at `path`, is another way to write.
pub(crate) fn pooling(section: &Entry, table: Table, path: &str, report: &mut Report) -> Table {
    let pool = FIELDS.iter().find(|field| field.name == "pool");
    let settings: &'static [Field] = match pool.map(|field| field.shape) {
        Some(Shape::Table(fields)) => fields,
        _ => &[],
    };
    let known = Known::nested(settings);
    let mut inner = Table::default();
    let mut defaults = Table::default();
    for mut entry in table.entries {
        if is_ignored(&entry.key) {
            continue;
        }
        let key = format!("{path}.{}", entry.key);
        entry.path = Some(key.as_str().into());
        if known.meaning(&entry.key).is_some() {
            inner.entries.push(entry);
            continue;
        }
        match Known::common().meaning(&entry.key) {
            Some(Meaning::Flat(table, _)) if table.name == "pool" => defaults.entries.push(entry),
            Some(Meaning::Setting(field)) if field.name == "connect_timeout" => {
                defaults.entries.push(entry);
            }
            _ => {
                let mut names = known.names();
                names.push("connection_timeout".to_owned());
                let help = match nearest(&entry.key, names.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known keys: {}", known.main_names().join(", ")),
                };
                let mistake =
                    Mistake::error(Code::UnknownKey, key, "unknown key").at(&entry.key_origin);
                report.push(mistake.help(help));
            }
        }
    }
    if !inner.entries.is_empty() {
        let node = Node::new(Value::Table(inner), section.node.origin.clone());
        let mut entry = Entry::new("pool", section.key_origin.clone(), node);
        entry.path = Some(path.into());
        defaults.entries.push(entry);
    }
    defaults
}
