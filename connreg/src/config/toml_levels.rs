//! The tables of a TOML file while it is read.

use std::collections::HashMap;
use std::ops::Range;

use super::lines::Lines;
use super::tree::{Entry, Node, Origin, Table, Value};

/// A table in the making, each key once.
pub(super) struct Level {
    pub(super) span: Range<usize>,
    /// A `[table]` of its own, rather than implied by a dotted key.
    pub(super) named: bool,
    pub(super) damaged: bool,
    pub(super) slots: Vec<Slot>,
    /// Key → position.
    pub(super) index: HashMap<String, usize>,
}

pub(super) struct Slot {
    pub(super) key: String,
    pub(super) origin: Origin,
    pub(super) item: Item,
}

pub(super) enum Item {
    Value(Node),
    Table(Level),
    Tables(Vec<Level>),
}

impl Level {
    pub(super) fn new(span: Range<usize>) -> Self {
        Self {
            span,
            named: false,
            damaged: false,
            slots: Vec::new(),
            index: HashMap::new(),
        }
    }

    pub(super) fn get(&mut self, key: &str) -> Option<&mut Slot> {
        let at = *self.index.get(key)?;
        self.slots.get_mut(at)
    }

    pub(super) fn add(&mut self, key: &Key, lines: &Lines<'_>, item: Item) {
        self.index.insert(key.text.clone(), self.slots.len());
        self.slots.push(Slot {
            key: key.text.clone(),
            origin: key.origin(lines),
            item,
        });
    }

    /// The table that `keys` lead to, made where it isn't there. Otherwise the key that leads to a value.
    pub(super) fn at<'l, 'k>(
        &'l mut self,
        keys: &'k [Key],
        lines: &Lines<'_>,
    ) -> Result<&'l mut Self, &'k Key> {
        let mut level = self;
        for key in keys {
            if !level.index.contains_key(&key.text) {
                level.add(key, lines, Item::Table(Self::new(key.span.clone())));
            }
            let slot = level.get(&key.text).ok_or(key)?;
            level = match &mut slot.item {
                Item::Table(inner) => inner,
                Item::Tables(list) => list.last_mut().ok_or(key)?,
                Item::Value(_) => return Err(key),
            };
        }
        Ok(level)
    }

    pub(super) fn into_node(self, lines: &Lines<'_>) -> Node {
        let entries = self.slots.into_iter().map(|slot| {
            let node = match slot.item {
                Item::Value(node) => node,
                Item::Table(level) => level.into_node(lines),
                Item::Tables(list) => {
                    let items = list.into_iter().map(|level| level.into_node(lines));
                    Node::new(Value::List(items.collect()), slot.origin.clone())
                }
            };
            Entry::new(slot.key, slot.origin, node)
        });
        let table = Table {
            entries: entries.collect(),
            damaged: self.damaged,
        };
        let origin = lines.origin(self.span.start, self.span.end);
        Node::new(Value::Table(table), origin)
    }
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

impl Key {
    pub(super) fn origin(&self, lines: &Lines<'_>) -> Origin {
        lines.origin(self.span.start, self.span.end)
    }
}
