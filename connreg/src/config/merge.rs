//! Merging the layers, by the `config` crate: one source for each layer.
//!
//! Its tables have no order and no place, and it splits keys at dots, so that what crosses it are handles: each
//! table and each value stands for an entry of ours that is kept aside. No secret is copied on the way.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use config::{Config, ConfigError, Map, Source, Value as Merged, ValueKind};

use super::tree::{Entry, Table, Value};

/// The one key at the top.
const ROOT: &str = "connections";
/// The key of a table's own handle; every other key has [`KEY`] before it.
const SELF: &str = "";
const KEY: char = '=';

/// The entries of all layers; a handle is a position.
#[derive(Default)]
pub(crate) struct Merge {
    entries: Vec<Option<Entry>>,
    layers: Vec<Layer>,
    /// The numbers of tables that are damaged.
    damaged: HashSet<usize>,
}

/// A layer's values as handles, each below its table, its key.
#[derive(Clone)]
struct Layer(Arc<Mutex<Map<String, Merged>>>);

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Merged>, ConfigError> {
        // Each layer is asked once.
        let values = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Map::from([(
            ROOT.to_owned(),
            Merged::new(None, ValueKind::Table(values)),
        )]))
    }
}

impl Merge {
    /// Adds a layer over those before; each table has a number of its own.
    pub(crate) fn layer(&mut self, tables: impl Iterator<Item = (usize, Table)>) {
        let mut values = Map::new();
        for (number, table) in tables {
            if table.damaged {
                self.damaged.insert(number);
            }
            let table = self.table(table);
            values.insert(
                number.to_string(),
                Merged::new(None, ValueKind::Table(table)),
            );
        }
        self.layers.push(Layer(Arc::new(Mutex::new(values))));
    }

    fn table(&mut self, table: Table) -> Map<String, Merged> {
        let mut merged = Map::with_capacity(table.entries.len() + 1);
        for mut entry in table.entries {
            let key = format!("{KEY}{}", entry.setting.unwrap_or(&entry.key));
            let value = match std::mem::replace(&mut entry.node.value, Value::Null) {
                Value::Table(inner) => {
                    entry.node.value = Value::Table(Table {
                        damaged: inner.damaged,
                        ..Table::default()
                    });
                    let handle = self.keep(entry);
                    let mut inner = self.table(inner);
                    inner.insert(SELF.to_owned(), handle);
                    Merged::new(None, ValueKind::Table(inner))
                }
                value => {
                    entry.node.value = value;
                    self.keep(entry)
                }
            };
            merged.insert(key, value);
        }
        merged
    }

    fn keep(&mut self, entry: Entry) -> Merged {
        self.entries.push(Some(entry));
        Merged::new(None, ValueKind::U64((self.entries.len() - 1) as u64))
    }

    /// The merged tables, by number.
    pub(crate) fn finish(mut self) -> Result<Vec<(usize, Table)>, ConfigError> {
        let builder = std::mem::take(&mut self.layers)
            .into_iter()
            .fold(Config::builder(), |builder, layer| {
                builder.add_source(layer)
            });
        let ValueKind::Table(mut root) = builder.build()?.cache.kind else {
            return Ok(Vec::new());
        };
        let Some(Merged {
            kind: ValueKind::Table(tables),
            ..
        }) = root.remove(ROOT)
        else {
            return Ok(Vec::new());
        };
        let mut merged = Vec::with_capacity(tables.len());
        for (number, value) in tables {
            if let (Ok(number), ValueKind::Table(table)) = (number.parse(), value.kind) {
                let mut table = self.restore(table);
                table.damaged = self.damaged.contains(&number);
                merged.push((number, table));
            }
        }
        Ok(merged)
    }

    /// The table that the handles stand for, its keys in the order in which they were written.
    fn restore(&mut self, merged: Map<String, Merged>) -> Table {
        let mut entries = Vec::with_capacity(merged.len());
        for (key, value) in merged {
            if key == SELF {
                continue;
            }
            match value.kind {
                ValueKind::U64(handle) => entries.extend(self.take(handle)),
                ValueKind::Table(mut inner) => {
                    let Some(ValueKind::U64(handle)) = inner.remove(SELF).map(|value| value.kind)
                    else {
                        continue;
                    };
                    if let Some((handle, mut entry)) = self.take(handle) {
                        let damaged = entry.node.as_table().is_some_and(|table| table.damaged);
                        let mut inner = self.restore(inner);
                        inner.damaged = damaged;
                        entry.node.value = Value::Table(inner);
                        entries.push((handle, entry));
                    }
                }
                _ => {}
            }
        }
        entries.sort_by_key(|(handle, _)| *handle);
        Table {
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
            damaged: false,
        }
    }

    fn take(&mut self, handle: u64) -> Option<(u64, Entry)> {
        let entry = self
            .entries
            .get_mut(usize::try_from(handle).ok()?)?
            .take()?;
        Some((handle, entry))
    }
}
