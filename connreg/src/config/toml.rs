//! TOML, with the place of every key and value.

use std::ops::Range;

use toml_edit::{Document, Item, Key, Table as TomlTable, Value as TomlValue};

use super::build::too_deep;
use super::code::Code;
use super::lines::Lines;
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Origin, Table, Value};

/// Reads `text`. `None`: a mistake ended it, a key that is there twice included.
pub(crate) fn parse(text: &str, lines: &Lines<'_>, report: &mut Report) -> Option<Node> {
    match Document::parse(text) {
        Ok(document) => Some(Reader { lines }.table(document.as_table(), &(0..text.len()))),
        Err(error) => {
            let Range { start, end } = error.span().unwrap_or(0..0);
            let origin = lines.origin(start, end);
            // The parser's own limit is a little lower.
            if error.message().contains("recurs") {
                report.push(too_deep(&origin));
                return None;
            }
            let message = format!("not valid TOML: {}", error.message());
            let help = "check quotes, brackets and `=` here and in the lines above";
            report.push(
                Mistake::error(Code::InvalidToml, "", message)
                    .at(&origin)
                    .help(help),
            );
            None
        }
    }
}

struct Reader<'r, 't> {
    lines: &'r Lines<'t>,
}

impl Reader<'_, '_> {
    fn origin(&self, span: &Range<usize>) -> Origin {
        self.lines.origin(span.start, span.end)
    }

    /// `around` is the place of what has no span itself: a table that only dotted keys imply.
    fn table(&self, table: &TomlTable, around: &Range<usize>) -> Node {
        let span = table.span().unwrap_or_else(|| around.clone());
        let keys = table.iter().filter_map(|(key, _)| table.get_key_value(key));
        let entries = keys.map(|(key, item)| self.entry(key, &span, |key| self.item(item, key)));
        Node::new(
            Value::Table(Table {
                entries: entries.collect(),
            }),
            self.origin(&span),
        )
    }

    fn entry(
        &self,
        key: &Key,
        around: &Range<usize>,
        node: impl FnOnce(&Range<usize>) -> Node,
    ) -> Entry {
        let span = key.span().unwrap_or_else(|| around.clone());
        Entry::new(key.get(), self.origin(&span), node(&span))
    }

    fn item(&self, item: &Item, around: &Range<usize>) -> Node {
        match item {
            Item::None => Node::new(Value::Null, self.origin(around)),
            Item::Value(value) => self.value(value, around),
            Item::Table(table) => self.table(table, around),
            Item::ArrayOfTables(tables) => {
                let span = tables.span().unwrap_or_else(|| around.clone());
                let items = tables
                    .iter()
                    .map(|table| self.table(table, &span))
                    .collect();
                Node::new(Value::List(items), self.origin(&span))
            }
        }
    }

    fn value(&self, value: &TomlValue, around: &Range<usize>) -> Node {
        let span = value.span().unwrap_or_else(|| around.clone());
        let origin = self.origin(&span);
        let written = self.lines.slice(span.start, span.end);
        match value {
            TomlValue::String(text) => Node::new(Value::Text(text.value().clone()), origin),
            TomlValue::Integer(number) => {
                Node::new(Value::Integer((*number.value()).into()), origin).written(written)
            }
            TomlValue::Float(number) => {
                Node::new(Value::Float(*number.value()), origin).written(written)
            }
            TomlValue::Boolean(value) => Node::new(Value::Bool(*value.value()), origin),
            TomlValue::Datetime(_) => Node::new(Value::Text(written.to_owned()), origin),
            TomlValue::Array(array) => {
                let items = array.iter().map(|value| self.value(value, &span)).collect();
                Node::new(Value::List(items), origin)
            }
            TomlValue::InlineTable(table) => {
                let keys = table.iter().filter_map(|(key, _)| table.get_key_value(key));
                let entries =
                    keys.map(|(key, item)| self.entry(key, &span, |key| self.item(item, key)));
                Node::new(
                    Value::Table(Table {
                        entries: entries.collect(),
                    }),
                    origin,
                )
            }
        }
    }
}
