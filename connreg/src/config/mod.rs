//! From files, environment and code to settings: layers, profiles, interpolation, and the report of mistakes.
//!
//! What a setting is, and how one table is read, is `settings`'s.

mod build;
pub(crate) mod code;
pub(crate) mod common;
pub(crate) mod convert;
pub(crate) mod discover;
mod draft;
mod effects;
mod environment;
mod file;
mod interpolate;
mod json;
pub(crate) mod keys;
mod lines;
mod merge;
mod read;
mod references;
pub(crate) mod report;
mod scalar;
pub(crate) mod sections;
mod shape;
mod toml;
pub(crate) mod tree;
mod yaml;
mod yaml_syntax;

pub use code::Code;
pub use report::{Mistake, Report, Severity};
pub use tree::{Node, Origin, Span};

use std::path::PathBuf;
use std::sync::Arc;

use self::discover::Profile;
use self::draft::Drafts;
use self::interpolate::Resolver;
use self::keys::Known;
use self::merge::Merge;
use self::references::Target;
use self::sections::Sections;
use self::shape::Survey;
use self::tree::{Source, Table};
use crate::error::{Error, ErrorKind};
use crate::policy::Policy;
use crate::registry::{ConnectionType, Registry};
use crate::runtime::Configured;
use crate::settings::Reference;

/// What to read, and from where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The directory with the files; `None`: no files.
    pub(crate) directory: Option<PathBuf>,
    /// The active profile; `None`: `CONNREG_PROFILE` of the environment, if set.
    pub(crate) profile: Option<String>,
    /// The environment's variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Dotted keys (`name.key.subkey`) and values set in code, later ones win.
    pub(crate) overrides: Vec<(String, String)>,
}

/// One connection, read and checked.
pub(crate) struct LoadedConnection {
    /// As it was written first.
    pub(crate) name: Arc<str>,
    pub(crate) kind: ConnectionType,
    pub(crate) settings: Arc<dyn Configured>,
    pub(crate) policy: Policy,
    pub(crate) references: Vec<Reference>,
}

/// What a load gave.
pub(crate) struct Loaded {
    /// In the order of files and lines; without disabled ones.
    pub(crate) connections: Vec<LoadedConnection>,
    /// What is odd, but usable.
    pub(crate) warnings: Report,
}

/// The layers, later ones win. Built-in defaults are below them all.
mod layer {
    pub(crate) const FILES: usize = 0;
    pub(crate) const PROFILE: usize = 1;
    /// Variables that settings name themselves.
    pub(crate) const WELL_KNOWN: usize = 2;
    /// `CONNREG__…`
    pub(crate) const ENVIRONMENT: usize = 3;
    pub(crate) const CODE: usize = 4;

    pub(crate) const ALL: std::ops::RangeInclusive<usize> = FILES..=CODE;
}

/// Reads, merges and checks everything; reports every mistake at once.
pub(crate) fn load(options: &Options, registry: &Registry) -> Result<Loaded, Error> {
    let loaded = examine(options, registry)?;
    if loaded.warnings.has_errors() {
        return Err(Error::configuration(loaded.warnings));
    }
    Ok(loaded)
}

/// Everything that is wrong or odd. `Err`: it could not even be looked at.
pub(crate) fn check(options: &Options, registry: &Registry) -> Result<Report, Error> {
    examine(options, registry).map(|loaded| loaded.warnings)
}

/// Reads, merges and checks everything; mistakes stand among the warnings, and what they spoil is left out.
fn examine(options: &Options, registry: &Registry) -> Result<Loaded, Error> {
    let mut report = Report::default();
    let resolver = Resolver::new(&options.environment, options.directory.as_deref());
    let mut drafts = survey(options, registry, &resolver, &mut report);
    let merged = merge(&mut drafts, &resolver, &mut report)?;
    let connections = read(&drafts.0, merged, drafts.1, &resolver, &mut report);
    report.sort();
    Ok(Loaded {
        connections,
        warnings: report,
    })
}

/// All connections that files, environment and code speak of; and whether a file is missing among them because
/// it could not be read.
fn survey(
    options: &Options,
    registry: &Registry,
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> (Drafts, bool) {
    let sections = Sections::new(registry);
    let mut survey = Survey::new(registry, &sections, resolver);
    let mut incomplete = false;
    if let Some(directory) = &options.directory {
        let profile = profile(options, resolver);
        let files = discover::discover(directory, profile.as_ref(), sections.categories(), report);
        for found in files {
            let layer = if found.profile {
                layer::PROFILE
            } else {
                layer::FILES
            };
            match file::read(&found.path, found.format, report) {
                Some(table) => survey.file(table, found.role, layer, report),
                None => incomplete = true,
            }
        }
    }
    let outside = environment::collect(options);
    let types = environment::types(&outside, &survey.sightings, registry, report);
    survey.sightings.extend(types);
    let mut drafts = Drafts::gather(survey, incomplete, report);
    environment::apply(&outside, &mut drafts, incomplete, report);
    (drafts, incomplete)
}

fn profile(options: &Options, resolver: &Resolver<'_>) -> Option<Profile> {
    const VARIABLE: &str = "CONNREG_PROFILE";
    let (name, source) = match &options.profile {
        Some(name) => (name.as_str(), Source::Code),
        None => (
            resolver.variable(VARIABLE)?,
            Source::Environment(VARIABLE.to_owned()),
        ),
    };
    let origin = Origin::new(Arc::new(source), None);
    (!name.is_empty()).then(|| Profile {
        name: name.to_owned(),
        origin,
    })
}

/// The merged settings of each draft whose type is known.
fn merge(
    drafts: &mut (Drafts, bool),
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> Result<Vec<Option<Table>>, Error> {
    let mut merge = Merge::default();
    let mut layers: Vec<Vec<(usize, Table)>> = layer::ALL.map(|_| Vec::new()).collect();
    let drafts = &mut drafts.0.list;
    for (number, draft) in drafts.iter_mut().enumerate() {
        environment::well_known(draft, resolver);
        let Some(kind) = draft.kind else { continue };
        for (layer, path, table) in std::mem::take(&mut draft.tables) {
            let path = [path];
            let mut table = keys::normalise(table, &path, Known::of(kind), report);
            for entry in &mut table.entries {
                let [path] = &path;
                entry
                    .path
                    .get_or_insert_with(|| format!("{path}.{}", entry.key).into());
            }
            layers[layer].push((number, table));
        }
    }
    for tables in layers {
        merge.layer(tables.into_iter());
    }
    let merged = merge.finish().map_err(|error| {
        let message = format!("the layers of the configuration can't be merged: {error}");
        Error::usage(ErrorKind::Configuration, message, None)
    })?;
    let mut tables: Vec<Option<Table>> = drafts
        .iter()
        .map(|draft| draft.kind.map(|_| Table::default()))
        .collect();
    for (number, table) in merged {
        tables[number] = Some(table);
    }
    Ok(tables)
}

/// Reads every connection, checks what is between them, and gives those that can be used.
fn read(
    drafts: &Drafts,
    merged: Vec<Option<Table>>,
    incomplete: bool,
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> Vec<LoadedConnection> {
    let mut connections = Vec::with_capacity(merged.len());
    let mut targets = Vec::with_capacity(merged.len());
    for (draft, table) in drafts.list.iter().zip(merged) {
        let Some((kind, table)) = draft.kind.zip(table) else {
            targets.push(Target {
                references: Vec::new(),
                enabled: true,
            });
            continue;
        };
        let read = read::read(draft, kind, table, resolver, report);
        if let Some((settings, policy)) = read.settings.filter(|_| read.enabled && !draft.duplicate)
        {
            connections.push(LoadedConnection {
                name: draft.name.as_str().into(),
                kind,
                settings,
                policy,
                references: read.references.clone(),
            });
        }
        targets.push(Target {
            references: read.references,
            enabled: read.enabled,
        });
    }
    references::check(drafts, &targets, incomplete, report);
    connections
}
