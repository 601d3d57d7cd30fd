//! What connections fall back on: `defaults`, its `categories`, and named `policies`.
//!
//! Each is drafted, merged and checked like a connection, once; then it fills in what connections don't write.

use super::code::Code;
use super::common::FIELDS;
use super::dotnet;
use super::draft::Draft;
use super::effects;
use super::interpolate::Resolver;
use super::keys::Known;
use super::report::{Mistake, Report};
use super::tree::{Entry, Node, Origin, Table, Value, canonical, same_name};
use crate::nearest::nearest;
use crate::policy::Policy;
use crate::registry::ConnectionType;
use crate::settings::{ReadContext, Settings, TableReader};

/// The keys at the top of a file that speak of these.
pub(crate) const DEFAULTS: &str = "defaults";
pub(crate) const POLICIES: &str = "policies";
/// The key in `defaults` below which categories stand.
pub(crate) const CATEGORIES: &str = "categories";

/// The settings that each connection says for itself.
pub(crate) const OWN: &[&str] = &["policy", "enabled"];

/// Which connections fall back on something; weakest first. Names are as they are compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    All,
    Category(String),
    Policy(String),
}

/// What one layer says in one place.
pub(crate) struct DefaultsTable {
    pub(crate) scope: Scope,
    pub(crate) layer: usize,
    /// As it was written: a policy's name.
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) origin: Origin,
    pub(crate) table: Table,
}

/// All of them before they are merged.
#[derive(Default)]
pub(crate) struct DefaultsDrafts {
    scopes: Vec<Scope>,
    pub(crate) drafts: Vec<Draft>,
}

impl DefaultsDrafts {
    /// Puts together what the layers say.
    pub(crate) fn gather(mut tables: Vec<DefaultsTable>) -> Self {
        tables.sort_by_key(|table| table.layer);
        let mut defaults = Self::default();
        for table in tables {
            let draft = defaults.draft(table.scope, &table.name, &table.path, &table.origin);
            match draft
                .tables
                .iter_mut()
                .find(|(layer, ..)| *layer == table.layer)
            {
                // Several files of one layer may each say a part.
                Some((_, _, into)) => {
                    let mut from = table.table;
                    give_paths(&mut from, &table.path);
                    unite(into, from);
                }
                None => draft.tables.push((table.layer, table.path, table.table)),
            }
        }
        defaults
    }

    /// The draft of `scope`, which comes to be if it isn't there.
    pub(crate) fn draft(
        &mut self,
        scope: Scope,
        name: &str,
        path: &str,
        origin: &Origin,
    ) -> &mut Draft {
        let at = self.scopes.iter().position(|known| *known == scope);
        let at = at.unwrap_or_else(|| {
            self.scopes.push(scope);
            self.drafts.push(Draft {
                name: name.to_owned(),
                path: path.to_owned(),
                origin: origin.clone(),
                kind: None,
                any_type: false,
                tables: Vec::new(),
                duplicate: false,
                given: None,
            });
            self.drafts.len() - 1
        });
        &mut self.drafts[at]
    }

    /// The draft of `scope`, if there is one.
    pub(crate) fn of(&mut self, scope: &Scope) -> Option<&mut Draft> {
        let at = self.scopes.iter().position(|known| known == scope)?;
        Some(&mut self.drafts[at])
    }

    /// Reads and checks each of them from its merged table.
    pub(crate) fn read(
        self,
        merged: Vec<Table>,
        incomplete: bool,
        resolver: &Resolver<'_>,
        report: &mut Report,
    ) -> Defaults {
        let mut list = Vec::with_capacity(merged.len());
        for ((scope, draft), table) in self.scopes.into_iter().zip(self.drafts).zip(merged) {
            let table = check(&draft, table, resolver, report);
            list.push((scope, draft.name, table));
        }
        Defaults { list, incomplete }
    }
}

/// Resolves and checks one of them. After a mistake nothing is left, so that it is told once.
fn check(draft: &Draft, mut table: Table, resolver: &Resolver<'_>, report: &mut Report) -> Table {
    let errors = report.error_count();
    let mut path = vec![draft.path.clone()];
    for entry in table.entries.extract_if(.., |entry| {
        OWN.iter().any(|name| entry.setting == Some(name))
    }) {
        let key = entry.path.as_deref().unwrap_or(&entry.key);
        let message = format!("`{}` is for each connection to say", entry.key);
        let mistake = Mistake::error(Code::NotADefault, key, message).at(&entry.key_origin);
        report.push(mistake.help("write it at the connections that it is meant for"));
    }
    for entry in &mut table.entries {
        resolver.entry(entry, &mut path, report);
    }
    dotnet::count_attempts(&mut table);
    effects::check(&table, None, &draft.path, report);
    let mut references = Vec::new();
    let mut context = ReadContext::new(report, &mut references, path);
    let mut reader = TableReader::new(&mut context, &table, &draft.origin);
    let complete = Policy::read(&mut reader).is_some();
    let known = reader.finish(Known::common());
    if (complete && known) || report.error_count() == errors {
        table
    } else {
        Table::default()
    }
}

/// All of them, merged and checked.
pub(crate) struct Defaults {
    /// With the name as it was written.
    list: Vec<(Scope, String, Table)>,
    /// A file could not be read, so that a policy that is not here may stand there.
    incomplete: bool,
}

impl Defaults {
    /// Fills in what a connection's resolved `table` does not say: from the policy that it names, then its category's
    /// defaults, then everybody's.
    pub(crate) fn fill(&self, table: &mut Table, kind: ConnectionType, report: &mut Report) {
        let policy = self.named(table, report);
        let category = Scope::Category(canonical(kind.category()));
        for scope in policy.into_iter().chain([category, Scope::All]) {
            if let Some((.., from)) = self.list.iter().find(|(known, ..)| *known == scope) {
                fill(table, from);
            }
        }
    }

    /// The policy that a table names, if there is one of this name.
    fn named(&self, table: &Table, report: &mut Report) -> Option<Scope> {
        let entry = table.get("policy")?;
        // What is no text is the reader's to report.
        let text = entry.node.scalar_text()?;
        let scope = Scope::Policy(canonical(&text));
        if self.list.iter().any(|(known, ..)| *known == scope) {
            return Some(scope);
        }
        if !self.incomplete {
            let names = self.list.iter().filter_map(|(scope, name, _)| match scope {
                Scope::Policy(_) => Some(name.as_str()),
                _ => None,
            });
            report.push(unknown(entry, &text, &names.collect::<Vec<_>>()));
        }
        None
    }
}

fn unknown(entry: &Entry, text: &str, names: &[&str]) -> Mistake {
    // What a variable holds is not told.
    let message = match entry.node.origin.via() {
        Some(_) => "there is no policy of this name".to_owned(),
        None => format!("there is no policy `{text}`"),
    };
    let help = match (nearest(text, names.iter().copied()), names) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => format!("write it at the top of a file: `{POLICIES}: {{NAME: …}}`"),
        (None, _) => format!("known: {}", names.join(", ")),
    };
    let key = entry.path.as_deref().unwrap_or(&entry.key);
    Mistake::error(Code::UnknownPolicy, key, message)
        .at(&entry.node.origin)
        .help(help)
}

/// Adds to `table` what it does not say, table by table.
fn fill(table: &mut Table, from: &Table) {
    for entry in &from.entries {
        let there = table
            .entries
            .iter_mut()
            .find(|known| known.setting == entry.setting);
        let Some(there) = there else {
            table.entries.push(entry.clone());
            continue;
        };
        match (&mut there.node.value, &entry.node.value) {
            (Value::Table(table), Value::Table(from)) => fill(table, from),
            // A table all of whose keys are commented out.
            (value @ Value::Null, Value::Table(_)) => *value = entry.node.value.clone(),
            _ => {}
        }
    }
}

/// Adds one file's table to another's; a setting that both have stays twice, to be reported.
fn unite(into: &mut Table, from: Table) {
    for entry in from.entries {
        let there = into
            .entries
            .iter_mut()
            .find(|known| same_name(&known.key, &entry.key) && known.node.as_table().is_some());
        match (there.map(|entry| &mut entry.node.value), entry.node.value) {
            (Some(Value::Table(into)), Value::Table(from)) => unite(into, from),
            (_, value) => into.entries.push(Entry {
                node: Node {
                    value,
                    ..entry.node
                },
                ..entry
            }),
        }
    }
}

/// Writes down where each entry stands, before it comes to stand elsewhere.
pub(crate) fn give_paths(table: &mut Table, path: &str) {
    for entry in &mut table.entries {
        let path = entry
            .path
            .get_or_insert_with(|| format!("{path}.{}", entry.key).into())
            .clone();
        if let Value::Table(inner) = &mut entry.node.value {
            give_paths(inner, &path);
        }
    }
}

/// The names of the settings that can have a default.
pub(crate) fn names() -> Vec<&'static str> {
    let names = FIELDS.iter().map(|field| field.name);
    names.filter(|name| !OWN.contains(name)).collect()
}
