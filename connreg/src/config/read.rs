//! Reading one merged connection: its own settings, those that every connection has, and what is left over.

use std::sync::Arc;

use super::code::Code;
use super::common;
use super::defaults::Defaults;
use super::dotnet;
use super::draft::Draft;
use super::effects;
use super::fingerprint::Fingerprint;
use super::interpolate::Resolver;
use super::keys::Known;
use super::report::{Mistake, Report};
use super::tree::{Entry, Table};
use crate::nearest::nearest;
use crate::policy::Policy;
use crate::registry::{ConnectionType, Registry};
use crate::runtime::Configured;
use crate::secrets::{Use, Wiped};
use crate::settings::{ReadContext, Reference, Settings, TableReader};

/// What reading a connection gave.
pub(crate) struct Read {
    /// `None`: there was a mistake, which is reported.
    pub(crate) settings: Option<(Arc<dyn Configured>, Policy)>,
    pub(crate) references: Vec<Reference>,
    /// `None`: nobody knows.
    pub(crate) enabled: Option<bool>,
    pub(crate) fingerprint: Fingerprint,
    /// What went into the settings.
    pub(crate) secrets: Vec<Use>,
}

/// Resolves and reads `table`, the merged settings of `draft`.
pub(crate) fn read(
    draft: &Draft,
    kind: ConnectionType,
    table: Table,
    defaults: &Defaults,
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> Read {
    let mut table = Wiped(table);
    let mut path = vec![draft.path.clone()];
    drop(resolver.take_uses());
    let enabled = is_enabled(&table, resolver);
    // What is switched off may well lack its variables and secrets here; all else about it is still checked.
    let mut unheard = Report::default();
    resolver.ask(enabled != Some(false));
    for entry in &mut table.entries {
        let report = match enabled {
            Some(false) => &mut unheard,
            _ => &mut *report,
        };
        resolver.entry(entry, &mut path, report);
    }
    resolver.ask(true);
    let secrets = resolver.take_uses();
    effects::check(&table, Some(kind), &draft.path, report);
    dotnet::count_attempts(&mut table);
    defaults.fill(&mut table, kind, report);
    let fingerprint = Fingerprint::of(&table);
    let mut references = Vec::new();
    let mut context = ReadContext::new(report, &mut references, path);
    let mut reader = TableReader::new(&mut context, &table, &draft.origin);
    let settings = match &draft.given {
        Some(given) => Some(Arc::clone(given)),
        None => (kind.0.read)(&mut reader),
    };
    let policy = Policy::read(&mut reader);
    let complete = reader.finish(draft.known());
    let settings = settings.zip(policy).filter(|_| complete);
    Read {
        settings,
        references,
        enabled,
        fingerprint,
        secrets,
    }
}

/// Resolves and checks what can be checked of a connection whose type is not known: what every connection can be
/// told and, where the type is right but not to be had, that some type knows each key.
pub(crate) fn untyped(
    draft: &Draft,
    table: Table,
    registry: &Registry,
    resolver: &Resolver<'_>,
    report: &mut Report,
) {
    let mut table = Wiped(table);
    let mut path = vec![draft.path.clone()];
    if is_enabled(&table, resolver) == Some(false) {
        return;
    }
    for entry in &mut table.entries {
        resolver.entry(entry, &mut path, report);
    }
    if draft.any_type {
        let known: Vec<Known> = registry.types().iter().copied().map(Known::of).collect();
        for entry in &table.entries {
            if known
                .iter()
                .all(|known| known.meaning(&entry.key).is_none())
            {
                let key = match &entry.path {
                    Some(path) => path.to_string(),
                    None => format!("{}.{}", draft.path, entry.key),
                };
                let names: Vec<String> = known.iter().flat_map(|known| known.names()).collect();
                let mistake =
                    Mistake::error(Code::UnknownKey, key, "unknown key").at(&entry.key_origin);
                report.push(
                    match nearest(&entry.key, names.iter().map(String::as_str)) {
                        Some(near) => mistake.help(format!("did you mean `{near}`?")),
                        None => mistake.help("no connection type knows it"),
                    },
                );
            }
        }
    }
    dotnet::count_attempts(&mut table);
    let mut references = Vec::new();
    let mut context = ReadContext::new(report, &mut references, path);
    let mut reader = TableReader::new(&mut context, &table, &draft.origin);
    // The mistakes alone are of use.
    drop(Policy::read(&mut reader));
}

/// Whether the connection is to be used; `None`: what says so is not to be had. A wrong value is a yes.
fn is_enabled(table: &Table, resolver: &Resolver<'_>) -> Option<bool> {
    let Some(entry) = table.get("enabled") else {
        return Some(true);
    };
    let mut entry: Entry = entry.clone();
    let (mut report, mut references) = (Report::default(), Vec::new());
    resolver.entry(&mut entry, &mut Vec::new(), &mut report);
    if entry.node.is_mistaken() {
        // Where a provider has to say it first, nothing else is asked for until then.
        let waits = !report.has_errors() && !resolver.is_offline();
        return if waits { Some(false) } else { None };
    }
    let table = Table {
        entries: vec![entry.clone()],
        damaged: false,
    };
    let mut context = ReadContext::new(&mut report, &mut references, Vec::new());
    let mut reader = TableReader::new(&mut context, &table, &entry.key_origin);
    let field = common::FIELDS.iter().find(|field| field.name == "enabled");
    Some(
        field
            .and_then(|field| reader.field::<bool>(field).get())
            .unwrap_or(true),
    )
}
