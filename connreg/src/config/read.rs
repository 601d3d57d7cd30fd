//! Reading one merged connection: its own settings, those that every connection has, and what is left over.

use std::sync::Arc;

use super::common;
use super::draft::Draft;
use super::effects;
use super::interpolate::Resolver;
use super::keys::Known;
use super::report::Report;
use super::tree::{Entry, Table};
use crate::policy::Policy;
use crate::registry::ConnectionType;
use crate::runtime::Configured;
use crate::settings::{ReadContext, Reference, Settings, TableReader};

/// What reading a connection gave.
pub(crate) struct Read {
    /// `None`: there was a mistake, which is reported.
    pub(crate) settings: Option<(Arc<dyn Configured>, Policy)>,
    pub(crate) references: Vec<Reference>,
    pub(crate) enabled: bool,
}

/// Resolves and reads `table`, the merged settings of `draft`.
pub(crate) fn read(
    draft: &Draft,
    kind: ConnectionType,
    mut table: Table,
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> Read {
    let mut path = vec![draft.path.clone()];
    let enabled = is_enabled(&table, resolver);
    // What is switched off may well lack its variables and secrets here; all else about it is still checked.
    let mut unheard = Report::default();
    for entry in &mut table.entries {
        let report = if enabled { &mut *report } else { &mut unheard };
        resolver.entry(entry, &mut path, report);
    }
    effects::check(&table, kind, &draft.path, report);
    let mut references = Vec::new();
    let mut context = ReadContext::new(report, &mut references, path);
    let mut reader = TableReader::new(&mut context, &table, &draft.origin);
    let settings = (kind.0.read)(&mut reader);
    let policy = Policy::read(&mut reader);
    let complete = reader.finish(Known::of(kind));
    let settings = settings.zip(policy).filter(|_| complete);
    Read {
        settings,
        references,
        enabled,
    }
}

/// Whether the connection is to be used; anything but a clear no is a yes.
fn is_enabled(table: &Table, resolver: &Resolver<'_>) -> bool {
    let Some(entry) = table.get("enabled") else {
        return true;
    };
    let mut entry: Entry = entry.clone();
    let (mut report, mut references) = (Report::default(), Vec::new());
    resolver.entry(&mut entry, &mut Vec::new(), &mut report);
    let table = Table {
        entries: vec![entry.clone()],
        damaged: false,
    };
    let mut context = ReadContext::new(&mut report, &mut references, Vec::new());
    let mut reader = TableReader::new(&mut context, &table, &entry.key_origin);
    let field = common::FIELDS.iter().find(|field| field.name == "enabled");
    field
        .and_then(|field| reader.field::<bool>(field).get())
        .unwrap_or(true)
}
