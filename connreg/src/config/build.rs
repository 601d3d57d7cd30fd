//! Building a table key by key, whatever the file's format: each key once, nothing lost.

use std::collections::HashMap;

use super::code::Code;
use super::redact;
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Origin, Table, Value};

/// How deeply lists and tables may be nested; deeper ones would exhaust the stack of who walks them.
pub(crate) const MAX_DEPTH: usize = 100;

/// A table in the making.
#[derive(Default)]
pub(crate) struct TableBuilder {
    table: Table,
    /// Key → position.
    index: HashMap<String, usize>,
}

impl TableBuilder {
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.index.contains_key(key)
    }

    /// Adds an entry. A key that is there already is a mistake, and the two tables become one, so that
    /// whatever else is wrong in the second is found as well.
    pub(crate) fn insert(&mut self, entry: Entry, path: &[String], report: &mut Report) {
        if let Some(at) = self.index.get(&entry.key) {
            unite(&mut self.table.entries[*at], entry, path, report);
        } else {
            self.index
                .insert(entry.key.clone(), self.table.entries.len());
            self.table.entries.push(entry);
        }
    }

    /// Part of the table could not be read.
    pub(crate) fn damage(&mut self) {
        self.table.damaged = true;
    }

    pub(crate) fn finish(self) -> Table {
        self.table
    }
}

fn unite(first: &mut Entry, second: Entry, path: &[String], report: &mut Report) {
    // Of a file that repeats itself without end, enough has been told.
    if report.is_full() {
        return;
    }
    report.push(twice(
        path,
        &second.key,
        &second.key_origin,
        &first.key_origin,
    ));
    let (Value::Table(into), Value::Table(from)) = (&mut first.node.value, second.node.value)
    else {
        return;
    };
    let mut path = path.to_vec();
    path.push(second.key);
    let mut builder = TableBuilder::default();
    for entry in std::mem::take(&mut into.entries)
        .into_iter()
        .chain(from.entries)
    {
        builder.insert(entry, &path, report);
    }
    builder.table.damaged = into.damaged || from.damaged;
    *into = builder.finish();
}

/// A key that is there already.
pub(crate) fn twice(path: &[String], key: &str, origin: &Origin, first: &Origin) -> Mistake {
    // What looks like a key in a secret may be a part of it.
    let secret = path.iter().any(|part| redact::names_a_secret(part));
    let name = if secret {
        "…".into()
    } else {
        redact::key(key)
    };
    let message = format!("the key `{name}` is there twice");
    Mistake::error(Code::DuplicateKey, dotted(path, &name), message)
        .at(origin)
        .told(!secret && redact::is_plain(key))
        .related(first, "the first one is")
        .help("keep one of them")
}

/// `path` with `key` behind it, as a person would write it.
pub(crate) fn dotted(path: &[String], key: &str) -> String {
    let mut dotted = String::new();
    for part in path.iter().map(String::as_str).chain([key]) {
        if !dotted.is_empty() && !part.starts_with('[') {
            dotted.push('.');
        }
        dotted.push_str(part);
    }
    dotted
}

/// A value stands deeper than [`MAX_DEPTH`].
pub(crate) fn too_deep(origin: &Origin) -> Mistake {
    let message = "lists and tables are nested too deeply";
    let help = format!("no setting needs more than {MAX_DEPTH} levels");
    Mistake::error(Code::TooDeep, "", message)
        .at(origin)
        .help(help)
}

/// How much a copy of `node` takes: one for each value, and more for long texts.
pub(crate) fn weight(node: &Node) -> usize {
    let text = |text: &str| text.len() / 64;
    1 + match &node.value {
        Value::Text(value) => text(value),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Table(table) => {
            let entries = table.entries.iter();
            entries
                .map(|entry| text(&entry.key) + weight(&entry.node))
                .sum()
        }
        _ => 0,
    }
}
