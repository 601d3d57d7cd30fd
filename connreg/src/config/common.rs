//! The settings that every connection has: their other names, and which of them do nothing yet.

use super::tree::same_name;
use crate::policy::Policy;
#[cfg(test)]
use crate::settings::Shape;
use crate::settings::{Field, Settings};

/// The keys that say what type a connection has.
pub(crate) const TYPE_KEYS: &[&str] = &["type", "connection_type"];

/// Names for nested settings, as other ecosystems write them at a connection's own level, each with the table
/// and the setting in it.
pub(crate) const FLAT_NAMES: &[(&str, &str, &str)] = &[
    ("pool_size", "pool", "max_size"),
    ("connection_pool_size", "pool", "max_size"),
    ("pool_timeout", "pool", "acquire_timeout"),
    ("pool_recycle", "pool", "max_lifetime"),
    ("connection_lifetime", "pool", "max_lifetime"),
    ("max_pool_size", "pool", "max_size"),
    ("min_pool_size", "pool", "min_size"),
    ("connection_idle_lifetime", "pool", "idle_timeout"),
    ("health_check_interval", "health_check", "interval"),
    ("health_check_timeout", "health_check", "timeout"),
    ("enable_health_check", "health_check", "enabled"),
    ("enable_health_checks", "health_check", "enabled"),
];

/// The settings of every connection.
pub(crate) const FIELDS: &[Field] = <Policy as Settings>::FIELDS;

/// The table and the setting that a flat name stands for.
pub(crate) fn flat_name(key: &str) -> Option<(&'static str, &'static str)> {
    let found = FLAT_NAMES.iter().find(|(name, ..)| same_name(name, key));
    found.map(|(_, table, setting)| (*table, *setting))
}

pub(crate) fn is_type_key(key: &str) -> bool {
    TYPE_KEYS.iter().any(|name| same_name(name, key))
}

#[cfg(test)]
#[path = "../../../connreg-macros/src/reserved.rs"]
mod reserved;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_macro_reserves_each_of_these_names_and_no_other() {
        let fields = FIELDS.iter().flat_map(Field::names);
        let flat = FLAT_NAMES.iter().map(|(name, ..)| *name);
        let names: BTreeSet<_> = TYPE_KEYS
            .iter()
            .copied()
            .chain(fields)
            .chain(flat)
            .collect();
        assert_eq!(names, reserved::RESERVED.iter().copied().collect());
    }

    #[test]
    fn each_flat_name_stands_for_a_setting() {
        for (name, table, setting) in FLAT_NAMES {
            let table = FIELDS
                .iter()
                .find(|field| field.name == *table)
                .expect(name);
            let Shape::Table(fields) = table.shape else {
                panic!("`{name}` is not for a table")
            };
            assert!(fields.iter().any(|field| field.name == *setting), "{name}");
        }
    }
}
