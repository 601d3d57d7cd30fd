//! The schema beside the loader: single files that are made up.
//!
//! What loads must be accepted. What is accepted must load, but for what each test excuses.

mod keys;
mod places;
mod values;

use std::collections::BTreeSet;

use connreg::config::Severity;
use connreg::{ConnectionType, Field, Shape};

use crate::document::from_yaml;
use crate::folder::{ANY, WHOLE, registry};
use crate::loader::Folder;

/// What references refer to.
pub(super) const TARGETS: &str = "policies: {target: }\nconnections:\n  target: {type: pg, database: a}\n  other: {type: pgvector, base: target}\n";

/// The types, without one that has checks of its own: what those say, no schema knows.
pub(super) fn types() -> impl Iterator<Item = ConnectionType> {
    let types = registry().types().iter().copied();
    types.filter(|kind| kind.name() != "checked")
}

/// What a type needs to load.
pub(super) fn needs(kind: ConnectionType) -> &'static [(&'static str, &'static str)] {
    match kind.name() {
        "pg" => &[("database", "a")],
        "pgvector" => &[("base", "target")],
        "confluence" | "jira" => &[("url", "http://a")],
        "finder" => &[("hosts", "http://a")],
        "kitchen-sink" => &[("site", "http://a"), ("api_key", "abcdefgh")],
        "cloud" => &[("region", "a")],
        "store" => &[("bucket", "a")],
        "archiver" => &[("tier", "a")],
        "mem" => &[],
        other => panic!("what does `{other}` need?"),
    }
}

/// The connections of a file with a mistake in them.
pub(super) fn mistaken(text: &str) -> BTreeSet<String> {
    let Err(error) = Folder::new()
        .file("empty", "")
        .file("connections.yaml", text)
        .load()
    else {
        return BTreeSet::new();
    };
    let report = error.report().unwrap_or_else(|| panic!("{error}"));
    let errors = report
        .mistakes()
        .iter()
        .filter(|mistake| mistake.severity() == Severity::Error);
    let name = |key: &str| {
        key.split('.')
            .nth(1)
            .unwrap_or_else(|| panic!("{error}"))
            .to_owned()
    };
    errors.map(|mistake| name(mistake.key())).collect()
}

#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) both_accept: usize,
    pub(super) both_refuse: usize,
    pub(super) excused: usize,
}

impl Count {
    /// Compares for one connection of a file.
    #[track_caller]
    pub(super) fn compare(&mut self, connection: &str, loads: bool, excused: bool) {
        self.compare_document(
            &format!("connections: {{c: {connection}}}\n"),
            loads,
            excused,
        );
    }

    #[track_caller]
    pub(super) fn compare_document(&mut self, text: &str, loads: bool, excused: bool) {
        let document = from_yaml(text);
        let accepted = WHOLE.is_valid(&document);
        assert!(accepted || !loads, "loads, and is refused: {text}");
        assert!(
            loads || !accepted || excused,
            "does not load, and is accepted: {text}"
        );
        assert!(
            !accepted || ANY.is_valid(&document),
            "refused for any file: {text}"
        );
        *match (loads, accepted) {
            (true, _) => &mut self.both_accept,
            (false, false) => &mut self.both_refuse,
            (false, true) => &mut self.excused,
        } += 1;
    }
}

pub(super) fn flattened(fields: &'static [Field]) -> Vec<&'static Field> {
    fields
        .iter()
        .flat_map(|field| match field.shape {
            Shape::Table(nested) if field.flatten => flattened(nested),
            _ => vec![field],
        })
        .collect()
}
