//! Values from outside the files: `CONNREG__<NAME>__<KEY>`, well-known variables such as `PGHOST`, and code.

use std::sync::Arc;

use super::Options;
use super::code::Code;
use super::common::is_type_key;
use super::defaults::{CATEGORIES, DEFAULTS, DefaultsDrafts, POLICIES, Scope};
use super::dotnet::counts_retries;
use super::draft::{Draft, Drafts};
use super::interpolate::Resolver;
use super::keys::{Known, Meaning};
use super::layer;
use super::redact;
use super::report::{Mistake, Report, Severity};
use super::sections::Sections;
use super::shape::{Kind, Sighting};
use super::tree::{Entry, Node, Origin, Source, Table, Value, canonical, same_name};
use crate::nearest::nearest;
use crate::registry::Registry;
use crate::settings::{Field, Shape};

const PREFIX: &str = "CONNREG__";

/// One value from outside: the parts of its key, the first of which begin the connection's name.
pub(crate) struct Outside<'a> {
    layer: usize,
    parts: Vec<&'a str>,
    separator: &'static str,
    value: &'a str,
    origin: Origin,
    /// As it was written.
    key: &'a str,
    /// How bad it is that nothing takes the value.
    severity: Severity,
}

/// All values that environment and code set, in this order.
pub(crate) fn collect(options: &Options) -> Vec<Outside<'_>> {
    let variables = options.environment.iter().filter_map(|(name, value)| {
        let head = name.get(..PREFIX.len())?;
        let rest = &name[PREFIX.len()..];
        head.eq_ignore_ascii_case(PREFIX).then(|| Outside {
            layer: layer::ENVIRONMENT,
            parts: rest.split("__").collect(),
            separator: "__",
            value,
            origin: Origin::new(Arc::new(Source::Environment(name.clone())), None),
            key: name,
            severity: Severity::Warning,
        })
    });
    let mut outside: Vec<Outside<'_>> = variables.collect();
    // The environment has no order of its own; messages shall have one.
    outside.sort_by_key(|value| value.key);
    // Of two values for one key in code, the later one counts.
    for (index, (key, value)) in options.overrides.iter().enumerate() {
        if options.overrides[index + 1..]
            .iter()
            .any(|(later, _)| same_name(later, key))
        {
            continue;
        }
        outside.push(Outside {
            layer: layer::CODE,
            parts: key.split('.').collect(),
            separator: ".",
            value,
            origin: Origin::code(),
            key,
            severity: Severity::Error,
        });
    }
    outside
}

impl Outside<'_> {
    fn mistake(&self, code: Code, key: &str, message: String) -> Mistake {
        let mistake = match self.severity {
            Severity::Warning => Mistake::warning(code, key, message),
            Severity::Error => Mistake::error(code, key, message),
        };
        mistake.at(&self.origin)
    }

    fn name(&self, parts: usize) -> String {
        self.parts[..parts].join(self.separator)
    }
}

/// The types that environment and code give: of connections that are there and, in code, of new ones.
pub(crate) fn types(
    outside: &[Outside<'_>],
    known: &[Sighting],
    registry: &Registry,
    report: &mut Report,
) -> Vec<Sighting> {
    let mut sightings: Vec<Sighting> = Vec::new();
    for value in outside {
        let [name @ .., key] = &value.parts[..] else {
            continue;
        };
        if name.is_empty() || !is_type_key(key) {
            continue;
        }
        let name = value.name(name.len());
        let there = known
            .iter()
            .chain(&sightings)
            .find(|sighting| same_name(&sighting.name, &name));
        let (name, path) = match there {
            Some(sighting) => (sighting.name.clone(), sighting.path.clone()),
            None if value.layer == layer::CODE => (name.clone(), name),
            None => continue,
        };
        let kind = registry.find(value.value).map_or_else(
            || {
                let (message, help) = registry.unknown(value.value);
                report.push(
                    Mistake::error(Code::UnknownType, value.key, message)
                        .at(&value.origin)
                        .help(help),
                );
                Kind::Mistaken
            },
            Kind::Explicit,
        );
        let (origin, table) = (value.origin.clone(), Table::default());
        sightings.push(Sighting {
            layer: value.layer,
            sequence: 0,
            name,
            path,
            origin,
            table,
            kind,
        });
    }
    sightings
}

/// Adds the values for `defaults` and `policies`; gives back those for connections.
pub(crate) fn apply_defaults<'a>(
    outside: Vec<Outside<'a>>,
    drafts: &Drafts,
    defaults: &mut DefaultsDrafts,
    sections: &Sections,
    report: &mut Report,
) -> Vec<Outside<'a>> {
    let mut left = Vec::new();
    for value in outside {
        let is_defaults = same_name(value.parts[0], DEFAULTS);
        let is_policies = same_name(value.parts[0], POLICIES);
        // A connection of such a name goes before.
        let is_name = (1..=value.parts.len()).any(|n| drafts.position(&value.name(n)).is_some());
        if is_name || !(is_defaults || is_policies) {
            left.push(value);
            continue;
        }
        let (scope, used) = match &value.parts[1..] {
            [name, _, ..] if is_policies => (Scope::Policy(canonical(name)), 2),
            [categories, name, _, ..] if is_defaults && same_name(categories, CATEGORIES) => {
                if !sections.is_category(name) {
                    let message = format!("there is no category `{}`", name.to_lowercase());
                    let mistake = value.mistake(Code::UnknownCategory, value.key, message);
                    let known = sections.categories().join(", ");
                    report.push(mistake.help(format!("known: {known}")));
                    continue;
                }
                (Scope::Category(canonical(name)), 3)
            }
            [_, ..] if is_defaults => (Scope::All, 1),
            _ => {
                let message = "a key is missing behind this".to_owned();
                let mistake = value.mistake(Code::KeyMissing, value.key, message);
                report.push(mistake.help(format!("write `{}{}KEY`", value.key, value.separator)));
                continue;
            }
        };
        let path = value.name(used);
        let name = value.parts[used - 1];
        let draft = defaults.draft(scope, name, &path, &value.origin);
        set(draft, &value, &value.parts[used..], report);
    }
    left
}

/// Adds the values to the drafts that they are meant for; reports those that mean nothing.
pub(crate) fn apply(
    outside: &[Outside<'_>],
    drafts: &mut Drafts,
    incomplete: bool,
    report: &mut Report,
) {
    for value in outside {
        // The longest name that there is, so that a name may hold the separator.
        let found = (1..value.parts.len())
            .rev()
            .find_map(|parts| Some((parts, drafts.position(&value.name(parts))?)));
        match found {
            Some((parts, position)) => {
                let keys = &value.parts[parts..];
                let draft = &drafts.list[position];
                if draft.kind.is_some() && !(keys.len() == 1 && is_type_key(keys[0])) {
                    set(&mut drafts.list[position], value, keys, report);
                }
            }
            None if drafts.position(&value.name(value.parts.len())).is_some() => {
                let name = value.name(value.parts.len());
                let message = format!("a key is missing behind `{}`", name.to_lowercase());
                let help = format!("write `{}{}KEY`", value.key, value.separator);
                report.push(
                    value
                        .mistake(Code::KeyMissing, value.key, message)
                        .help(help),
                );
            }
            // It may stand in the file that could not be read.
            None if incomplete => {}
            None => {
                let name = value.name(value.parts.len().saturating_sub(1).max(1));
                let message = format!("there is no connection `{}`", name.to_lowercase());
                let names: Vec<&str> = drafts.names().collect();
                // Where the name ends is not known, so every beginning is tried.
                let near = (1..value.parts.len().max(2))
                    .find_map(|parts| nearest(&value.name(parts), names.iter().copied()));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if value.parts.len() < 2 => "write a name and a key".to_owned(),
                    None if names.is_empty() => "no connection is configured".to_owned(),
                    None => format!("configured: {}", redact::keys(&names)),
                };
                report.push(
                    value
                        .mistake(Code::NoSuchConnection, value.key, message)
                        .help(help),
                );
            }
        }
    }
}

fn set(draft: &mut Draft, value: &Outside<'_>, keys: &[&str], report: &mut Report) {
    let known = draft.known();
    let names = match locate(known, keys) {
        Ok(names) => names,
        Err(help) => {
            let key = keys.join(value.separator);
            let key = if value.layer == layer::CODE {
                key
            } else {
                key.to_lowercase()
            };
            let message = match draft.kind {
                Some(kind) => {
                    let name = &draft.name;
                    format!("`{key}` is no setting of `{name}`, which is of type `{kind}`")
                }
                None => format!("`{key}` is no setting that has a default"),
            };
            report.push(
                value
                    .mistake(Code::NoSuchSetting, value.key, message)
                    .help(help),
            );
            return;
        }
    };
    let keys = respell(draft, names);
    insert(
        layer_table(draft, value.layer),
        &keys,
        value.value,
        &value.origin,
    );
}

/// The names of the settings that `keys` lead to; else what to do.
fn locate(mut known: Known, keys: &[&str]) -> Result<Vec<String>, String> {
    let mut names = Vec::with_capacity(keys.len());
    for (index, key) in keys.iter().enumerate() {
        let last = index + 1 == keys.len();
        let (name, shape) = match known.meaning(key) {
            // Its own name alone tells what it counts.
            Some(Meaning::Setting(field)) if counts_retries(key) => {
                (key.to_lowercase(), &field.shape)
            }
            Some(Meaning::Setting(field)) => (field.name.to_owned(), &field.shape),
            Some(Meaning::File(field)) => (format!("{}_file", field.name), &Shape::Text),
            Some(Meaning::Flat(..)) => (key.to_lowercase(), &Shape::Text),
            None => return Err(known.help(key)),
        };
        names.push(name);
        match shape {
            Shape::Table(_) | Shape::Map(_) if last => {
                return Err(format!("`{key}` is a table: name a key in it"));
            }
            Shape::Table(fields) => known = Known::nested(fields),
            Shape::Map(_) | Shape::Any => {
                names.extend(keys[index + 1..].iter().map(|key| (*key).to_owned()));
                return Ok(names);
            }
            _ if last => return Ok(names),
            _ => return Err(format!("`{key}` takes {}, it has no keys", shape.noun())),
        }
    }
    Err("name a key".to_owned())
}

/// `keys` as the files spell them: a map's keys have no other spelling to be known by.
fn respell(draft: &Draft, mut keys: Vec<String>) -> Vec<String> {
    let mut tables: Vec<&Table> = draft.tables.iter().map(|(_, _, table)| table).collect();
    for key in &mut keys {
        let entries: Vec<&Entry> = tables.iter().filter_map(|table| table.get(key)).collect();
        if let Some(entry) = entries.last() {
            key.clone_from(&entry.key);
        }
        tables = entries
            .iter()
            .filter_map(|entry| entry.node.as_table())
            .collect();
    }
    keys
}

fn layer_table(draft: &mut Draft, layer: usize) -> &mut Table {
    let at = draft
        .tables
        .iter()
        .position(|(there, ..)| *there == layer)
        .unwrap_or_else(|| {
            let at = draft.tables.partition_point(|(there, ..)| *there < layer);
            draft
                .tables
                .insert(at, (layer, draft.path.clone(), Table::default()));
            at
        });
    &mut draft.tables[at].2
}

fn insert(table: &mut Table, keys: &[String], value: &str, origin: &Origin) {
    let [key, deeper @ ..] = keys else { return };
    if deeper.is_empty() {
        let node = Node::new(Value::Text(value.to_owned()), origin.clone());
        table
            .entries
            .push(Entry::new(key.as_str(), origin.clone(), node));
        return;
    }
    let at = table
        .entries
        .iter()
        .position(|entry| entry.is(key) && entry.node.as_table().is_some());
    let at = at.unwrap_or_else(|| {
        let node = Node::new(Value::Table(Table::default()), origin.clone());
        table
            .entries
            .push(Entry::new(key.as_str(), origin.clone(), node));
        table.entries.len() - 1
    });
    if let Value::Table(inner) = &mut table.entries[at].node.value {
        insert(inner, deeper, value, origin);
    }
}

/// Adds the variables that settings name themselves (`env = "PGHOST"`). They go before what files say, but not
/// before the file of a secret.
pub(crate) fn well_known(draft: &mut Draft, resolver: &Resolver<'_>) {
    let Some(kind) = draft.kind.filter(|_| draft.given.is_none()) else {
        return;
    };
    let mut keys = Vec::new();
    let mut found = Vec::new();
    variables(kind.settings(), &mut keys, resolver, &mut found);
    for (keys, variable, value) in found {
        if is_from_file(draft, &keys) {
            continue;
        }
        let origin = Origin::new(Arc::new(Source::Environment(variable.to_owned())), None);
        insert(layer_table(draft, layer::WELL_KNOWN), &keys, value, &origin);
    }
}

fn variables<'a>(
    fields: &'static [Field],
    keys: &mut Vec<String>,
    resolver: &Resolver<'a>,
    found: &mut Vec<(Vec<String>, &'static str, &'a str)>,
) {
    for field in fields {
        if let Shape::Table(nested) = field.shape {
            if !field.flatten {
                keys.push(field.name.to_owned());
            }
            variables(nested, keys, resolver, found);
            if !field.flatten {
                keys.pop();
            }
        }
        // As most programs do, an empty variable is taken as one that is not set.
        if let Some(variable) = field.env
            && let Some(value) = resolver
                .variable(variable)
                .filter(|value| !value.is_empty())
        {
            let mut keys = keys.clone();
            keys.push(field.name.to_owned());
            found.push((keys, variable, value));
        }
    }
}

/// Whether the strongest file that sets a secret names the file that holds it.
fn is_from_file(draft: &Draft, keys: &[String]) -> bool {
    let [.., name] = keys else { return false };
    let file = format!("{}file", canonical(name));
    let files = draft
        .tables
        .iter()
        .rev()
        .filter(|(layer, ..)| *layer < layer::WELL_KNOWN);
    for (_, _, table) in files {
        let mut table = Some(table);
        for key in &keys[..keys.len() - 1] {
            table = table
                .and_then(|table| table.get(key))
                .and_then(|entry| entry.node.as_table());
        }
        let Some(table) = table else { continue };
        if table
            .entries
            .iter()
            .any(|entry| canonical(&entry.key) == file)
        {
            return true;
        }
        if table.get(name).is_some() {
            return false;
        }
    }
    false
}
