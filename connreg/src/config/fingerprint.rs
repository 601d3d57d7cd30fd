//! Whether a connection's settings are still what they were, without keeping a single one of them.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use super::tree::{Node, Table, Value, canonical};

/// The policies that only this library heeds: a client that is open goes on under new ones.
const OURS: [&str; 10] = [
    "close_timeout",
    "policy",
    "required",
    "lazy",
    "enabled",
    "tags",
    "retry",
    "circuit_breaker",
    "bulkhead",
    "health_check",
];

/// What a connection was configured with, hashed with a key that this process alone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint {
    /// Of all that its client was made from, secrets included.
    pub(crate) client: u64,
    /// Of the rest.
    pub(crate) policies: u64,
}

impl Fingerprint {
    /// The fingerprint of `table`, whose placeholders are resolved.
    pub(crate) fn of(table: &Table) -> Self {
        let mut client = KEY.build_hasher();
        let mut policies = KEY.build_hasher();
        for (name, node) in sorted(table) {
            let is_ours = OURS.contains(&&*name);
            let hasher = if is_ours { &mut policies } else { &mut client };
            name.hash(hasher);
            value(node, hasher);
        }
        Self {
            client: client.finish(),
            policies: policies.finish(),
        }
    }
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The hash of some bytes, of no use to anybody but this process.
pub(crate) fn keyed(bytes: &impl Hash) -> u64 {
    KEY.hash_one(bytes)
}

/// The entries by the names of their settings: their order says nothing.
fn sorted(table: &Table) -> Vec<(String, &Node)> {
    let mut entries: Vec<_> = table
        .entries
        .iter()
        .map(|entry| {
            let name = entry
                .setting
                .map_or_else(|| canonical(&entry.key), str::to_owned);
            (name, &entry.node)
        })
        .collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries
}

fn value(node: &Node, hasher: &mut impl Hasher) {
    std::mem::discriminant(&node.value).hash(hasher);
    match &node.value {
        Value::Null | Value::Mistaken => {}
        Value::Bool(value) => value.hash(hasher),
        Value::Integer(value) => value.hash(hasher),
        Value::Float(value) => value.to_bits().hash(hasher),
        Value::Text(text) => text.hash(hasher),
        Value::List(items) => {
            items.len().hash(hasher);
            for item in items {
                value(item, hasher);
            }
        }
        Value::Table(table) => {
            table.entries.len().hash(hasher);
            for (name, node) in sorted(table) {
                name.hash(hasher);
                value(node, hasher);
            }
        }
    }
}
