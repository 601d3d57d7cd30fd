//! From files, environment and code to settings: layers, profiles, interpolation, and the report of mistakes.
//!
//! What a setting is, and how one table is read, is `settings`'s.

mod build;
pub(crate) mod code;
pub(crate) mod common;
pub(crate) mod convert;
pub(crate) mod defaults;
#[cfg(feature = "json")]
mod diagnostics;
pub(crate) mod discover;
pub(crate) mod dotnet;
mod draft;
mod effects;
mod environment;
mod expand;
mod explain;
mod explanation;
mod file;
mod fingerprint;
mod interpolate;
mod json;
mod json_text;
pub(crate) mod keys;
mod lines;
mod mask;
mod merge;
mod misplaced;
mod placeholder;
mod quote;
mod read;
pub(crate) mod redact;
mod references;
mod render;
pub(crate) mod report;
mod scalar;
pub(crate) mod sections;
mod shape;
#[cfg(feature = "testing")]
mod stand_in;
mod toml;
mod toml_events;
mod toml_levels;
mod toml_syntax;
pub(crate) mod tree;
mod yaml;
mod yaml_repair;
mod yaml_syntax;

pub use code::Code;
pub use explanation::{ExplainedSetting, Explanation, Layer, Layered};
pub(crate) use fingerprint::{Fingerprint, keyed};
pub use render::Style;
pub use report::{Mistake, Report, Severity};
pub use tree::{Node, Origin, Span};

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use self::defaults::{Defaults, DefaultsDrafts};
use self::discover::Profile;
use self::draft::{Draft, Drafts};
pub(crate) use self::explain::explain;
use self::interpolate::Resolver;
use self::merge::Merge;
use self::references::Target;
use self::sections::Sections;
use self::shape::Survey;
use self::tree::{Source, Table};
use crate::error::{Error, ErrorKind};
use crate::policy::Policy;
use crate::registry::{ConnectionType, Registry};
use crate::runtime::Configured;
use crate::secrets::{ByConnection, Secrets, Uses};
use crate::settings::Reference;

/// Whether files with this extension may be configuration.
pub(crate) fn is_read(extension: &str) -> bool {
    file::Format::of_extension(extension).is_some()
}

/// What to read, and from where.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// The directory with the files; `None`: no files.
    pub(crate) directory: Option<PathBuf>,
    /// The active profile; `None`: `CONNREG_PROFILE` of the environment, if set.
    pub(crate) profile: Option<String>,
    /// The environment's variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Dotted keys (`name.key.subkey`) and values set in code, later ones win.
    pub(crate) overrides: Vec<(String, String)>,
    /// Whether what a variable, a file or a provider does not give is taken as unknown; where nothing is loaded.
    pub(crate) allow_unresolved: bool,
    /// Where secrets come from, and those that were looked up.
    pub(crate) secrets: Secrets,
    /// What a test hands in.
    #[cfg(feature = "testing")]
    pub(crate) stand_ins: stand_in::StandIns,
}

impl fmt::Debug for Options {
    /// Names alone: what the environment and code set may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.overrides.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("Options")
            .field("directory", &self.directory)
            .field("profile", &self.profile)
            .field("overrides", &keys)
            .finish_non_exhaustive()
    }
}

/// One connection, read and checked.
pub(crate) struct LoadedConnection {
    /// As it was written first.
    pub(crate) name: Arc<str>,
    pub(crate) kind: ConnectionType,
    pub(crate) settings: Arc<dyn Configured>,
    /// Shared with those that say the same.
    pub(crate) policy: Arc<Policy>,
    /// Where its name was written.
    pub(crate) origin: Origin,
    pub(crate) references: Vec<Reference>,
    pub(crate) fingerprint: Fingerprint,
}

/// What a load gave.
pub(crate) struct Loaded {
    /// In the order of files and lines; without disabled ones.
    pub(crate) connections: Vec<LoadedConnection>,
    /// What is odd, but usable.
    pub(crate) warnings: Report,
    /// The secrets that went into the settings of each connection.
    pub(crate) secrets: Uses,
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
///
/// To be run by [`crate::secrets::resolved`]: what it lacks of secrets, it notes in the options' lookups.
pub(crate) fn load(options: &Options, registry: &Registry) -> Result<Loaded, Error> {
    let loaded = examine(options, registry, Report::default())?;
    if loaded.warnings.has_errors() {
        return Err(Error::configuration(loaded.warnings));
    }
    Ok(loaded)
}

/// Everything that is wrong or odd. `Err`: it could not even be looked at.
pub(crate) fn check(options: &Options, registry: &Registry) -> Result<Report, Error> {
    let mut report = Report::default();
    if options.allow_unresolved {
        report.allow_unresolved();
    }
    examine(options, registry, report).map(|loaded| loaded.warnings)
}

/// Reads, merges and checks everything; mistakes stand among the warnings, and what they spoil is left out.
fn examine(options: &Options, registry: &Registry, mut report: Report) -> Result<Loaded, Error> {
    let resolver = Resolver::new(options);
    let Surveyed {
        mut drafts,
        mut defaults,
        incomplete,
    } = survey(options, registry, &resolver, &mut report);
    report.count_connections(drafts.names().count());
    let merged = merge(&mut defaults.drafts, &resolver, &mut report)?;
    let defaults = defaults.read(merged, incomplete, &resolver, &mut report);
    let tables = merge(&mut drafts.list, &resolver, &mut report)?;
    let merged = Merged {
        drafts,
        tables,
        incomplete,
        defaults,
    };
    let (connections, uses) = merged.read(registry, &resolver, &mut report);
    if options.secrets.lookups.is_wanting() {
        let message = "secrets have to be looked up before this configuration can be read";
        return Err(Error::usage(ErrorKind::Other, message, None));
    }
    report.finish(registry);
    Ok(Loaded {
        connections,
        warnings: report,
        secrets: Uses::new(&options.secrets, uses),
    })
}

/// How far below a file's own table the names of connections stand.
const NAME_LEVELS: usize = 1;

/// What files, environment and code speak of.
struct Surveyed {
    drafts: Drafts,
    defaults: DefaultsDrafts,
    /// A file is missing among them, because it could not be read.
    incomplete: bool,
}

/// All connections, and what they fall back on.
fn survey(
    options: &Options,
    registry: &Registry,
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> Surveyed {
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
            report.count_file();
            match file::read(&found.path, found.format, report) {
                Some(table) => {
                    incomplete |= table.has_gaps(NAME_LEVELS);
                    survey.file(table, found.role, layer, report);
                }
                None => incomplete = true,
            }
        }
    }
    let outside = environment::collect(options);
    let types = environment::types(&outside, &survey.sightings, registry, report);
    survey.sightings.extend(types);
    #[cfg(feature = "testing")]
    {
        let stand_ins = options.stand_ins.sightings(&survey.sightings);
        survey.sightings.extend(stand_ins);
    }
    let mut defaults = DefaultsDrafts::gather(std::mem::take(&mut survey.defaults));
    let mut drafts = Drafts::gather(survey, incomplete, report);
    let left = environment::apply_defaults(outside, &drafts, &mut defaults, &sections, report);
    environment::apply(&left, &mut drafts, incomplete, report);
    Surveyed {
        drafts,
        defaults,
        incomplete,
    }
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

/// The merged settings of each draft.
fn merge(
    drafts: &mut [Draft],
    resolver: &Resolver<'_>,
    report: &mut Report,
) -> Result<Vec<Table>, Error> {
    let mut merge = Merge::default();
    let mut layers: Vec<Vec<(usize, Table)>> = layer::ALL.map(|_| Vec::new()).collect();
    for (number, draft) in drafts.iter_mut().enumerate() {
        environment::well_known(draft, resolver);
        for (layer, table) in normal_tables(draft, report) {
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
    let mut tables = vec![Table::default(); drafts.len()];
    for (number, table) in merged {
        tables[number] = table;
    }
    Ok(tables)
}

/// What each layer says of a draft, in terms of settings; weakest first.
fn normal_tables(draft: &mut Draft, report: &mut Report) -> Vec<(usize, Table)> {
    let known = draft.known();
    let mut tables = Vec::with_capacity(draft.tables.len());
    for (layer, path, table) in std::mem::take(&mut draft.tables) {
        let path = [path];
        let mut table = keys::normalise(table, &path, known, report);
        for entry in &mut table.entries {
            let [path] = &path;
            entry
                .path
                .get_or_insert_with(|| format!("{path}.{}", entry.key).into());
        }
        tables.push((layer, table));
    }
    tables
}

/// What is merged, and can be read.
struct Merged {
    drafts: Drafts,
    /// The settings of each draft.
    tables: Vec<Table>,
    incomplete: bool,
    defaults: Defaults,
}

impl Merged {
    /// Reads every connection, checks what is between them, and gives those that can be used, with the secrets that went
    /// into their settings.
    fn read(
        self,
        registry: &Registry,
        resolver: &Resolver<'_>,
        report: &mut Report,
    ) -> (Vec<LoadedConnection>, ByConnection) {
        let Self {
            drafts,
            tables,
            incomplete,
            defaults,
        } = self;
        let mut connections = Vec::with_capacity(tables.len());
        let mut policies = Policies::default();
        let mut uses = Vec::new();
        let mut targets = Vec::with_capacity(tables.len());
        for (draft, table) in drafts.list.iter().zip(tables) {
            let Some(kind) = draft.kind else {
                read::untyped(draft, table, registry, resolver, report);
                targets.push(Target {
                    references: Vec::new(),
                    enabled: None,
                });
                continue;
            };
            let read = read::read(draft, kind, table, &defaults, resolver, report);
            let usable = read.enabled != Some(false) && !draft.duplicate;
            if let Some((settings, policy)) = read.settings.filter(|_| usable) {
                let name: Arc<str> = draft.name.as_str().into();
                if !read.secrets.is_empty() {
                    uses.push((Arc::clone(&name), read.secrets));
                }
                connections.push(LoadedConnection {
                    name,
                    kind,
                    settings,
                    policy: policies.share(policy),
                    origin: draft.origin.clone(),
                    references: read.references.clone(),
                    fingerprint: read.fingerprint,
                });
            }
            targets.push(Target {
                references: read.references,
                enabled: read.enabled,
            });
        }
        references::check(&drafts, &targets, incomplete, report);
        (connections, uses)
    }
}

/// The policies of connections, each kept once: most say what the others say, and one takes a third of a kilobyte.
#[derive(Default)]
struct Policies(Vec<Arc<Policy>>);

impl Policies {
    /// How many are remembered, so that a thousand that all differ are not compared with each other.
    const MOST: usize = 8;

    fn share(&mut self, policy: Policy) -> Arc<Policy> {
        if let Some(same) = self.0.iter().find(|known| ***known == policy) {
            return Arc::clone(same);
        }
        let policy = Arc::new(policy);
        if self.0.len() < Self::MOST {
            self.0.push(Arc::clone(&policy));
        }
        policy
    }
}
