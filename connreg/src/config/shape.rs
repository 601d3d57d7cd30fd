//! The two shapes of a file, by category and by name: where in it connections stand.

use super::code::Code;
use super::common::is_type_key;
use super::defaults::{CATEGORIES, DEFAULTS, DefaultsTable, POLICIES, Scope};
use super::discover::Role;
use super::dotnet::{self, CONNECTION_POOLING};
use super::interpolate::{Resolver, type_text};
use super::keys::is_ignored;
use super::misplaced::{
    defaults_elsewhere, expect_table, gather_strays, linked, misspelt_type, unknown_category,
    unknown_place, wrong_category,
};
use super::redact;
use super::report::{Mistake, Report};
use super::sections::{Section, SectionTable, Sections};
use super::tree::{Entry, Node, Origin, Table, Value, canonical, same_name};
use crate::nearest::nearest;
use crate::registry::{ConnectionType, Registry};

/// One connection as one layer writes it.
pub(crate) struct Sighting {
    pub(crate) layer: usize,
    /// When it was met, to keep the order of files and lines.
    pub(crate) sequence: usize,
    /// As it was written.
    pub(crate) name: String,
    /// The dotted place of its table, as it was written.
    pub(crate) path: String,
    /// The place of the name.
    pub(crate) origin: Origin,
    pub(crate) table: Table,
    pub(crate) kind: Kind,
}

/// What a layer says of a connection's type.
pub(crate) enum Kind {
    /// `type: postgres`
    Explicit(ConnectionType),
    /// By the name, or by the place.
    Implied(ConnectionType),
    /// A test hands in settings of this type.
    #[cfg(feature = "testing")]
    StandIn(super::stand_in::StandIn),
    /// Nothing. The mistake is one unless another layer gives the type.
    Absent(Mistake),
    /// It does, wrongly; the mistake is reported.
    Mistaken,
    /// It does, by what is not to be had and need not be.
    Unknown,
}

/// Walks the files, layer by layer, and notes every connection.
pub(crate) struct Survey<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) sections: &'a Sections,
    pub(crate) resolver: &'a Resolver<'a>,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) shared: Vec<SectionTable>,
    pub(crate) defaults: Vec<DefaultsTable>,
    sequence: usize,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(
        registry: &'a Registry,
        sections: &'a Sections,
        resolver: &'a Resolver<'a>,
    ) -> Self {
        Self {
            registry,
            sections,
            resolver,
            sightings: Vec::new(),
            shared: Vec::new(),
            defaults: Vec::new(),
            sequence: 0,
        }
    }

    /// Notes the connections of one file.
    pub(crate) fn file(&mut self, table: Table, role: Role, layer: usize, report: &mut Report) {
        for entry in table.entries {
            // `$schema` tells an editor what the keys of a JSON file mean.
            if is_ignored(&entry.key)
                || entry.key == "$schema"
                || same_name(&entry.key, dotnet::CONNECTION_STRINGS)
            {
                continue;
            }
            if same_name(&entry.key, "connections") {
                self.by_name(entry, layer, report);
            } else if let Some(section) = self.sections.root(&entry.key) {
                self.place(entry, section, None, layer, report);
            } else if self.sections.is_category(&entry.key) {
                self.category(entry, layer, report);
            } else if is_defaults(&entry.key) {
                if role == Role::Category {
                    report.push(defaults_elsewhere(&entry));
                } else {
                    self.defaults(entry, layer, report);
                }
            } else {
                self.foreign(&entry, role, report);
            }
        }
    }

    /// What connections fall back on.
    fn defaults(&mut self, entry: Entry, layer: usize, report: &mut Report) {
        let Entry {
            key: path,
            key_origin: origin,
            node,
            ..
        } = entry;
        let is_policies = same_name(&path, POLICIES);
        let of = if is_policies { "policies" } else { "settings" };
        let section = Node::new(Value::Null, node.origin.clone());
        let section = Entry::new(path.as_str(), origin.clone(), section);
        let Some(table) = expect_table(node, &path, of, report) else {
            return;
        };
        let mut found = |scope, name: String, path: String, origin, table| {
            self.defaults.push(DefaultsTable {
                scope,
                layer,
                name,
                path,
                origin,
                table,
            });
        };
        if is_policies {
            for entry in table.entries {
                let path = format!("{path}.{}", entry.key);
                if !is_ignored(&entry.key)
                    && let Some(table) = expect_table(entry.node, &path, "settings", report)
                {
                    let scope = Scope::Policy(canonical(&entry.key));
                    found(scope, entry.key, path, entry.key_origin, table);
                }
            }
            return;
        }
        if same_name(&path, CONNECTION_POOLING) {
            let table = dotnet::pooling(&section, table, &path, report);
            found(Scope::All, path.clone(), path, origin, table);
            return;
        }
        let mut table = table;
        let is_categories = |entry: &mut Entry| same_name(&entry.key, CATEGORIES);
        let categories: Vec<Entry> = table.entries.extract_if(.., is_categories).collect();
        for entry in categories {
            let path = format!("{path}.{}", entry.key);
            let Some(table) = expect_table(entry.node, &path, "categories", report) else {
                continue;
            };
            for entry in table.entries {
                if is_ignored(&entry.key) {
                    continue;
                }
                let path = format!("{path}.{}", entry.key);
                if !self.sections.is_category(&entry.key) {
                    report.push(unknown_category(&entry, &path, self.sections.categories()));
                } else if let Some(table) = expect_table(entry.node, &path, "settings", report) {
                    let scope = Scope::Category(canonical(&entry.key));
                    found(scope, entry.key, path, entry.key_origin, table);
                }
            }
        }
        found(Scope::All, path.clone(), path, origin, table);
    }

    fn by_name(&mut self, entry: Entry, layer: usize, report: &mut Report) {
        let path = entry.key.clone();
        let Some(mut table) = expect_table(entry.node, &path, "names with their settings", report)
        else {
            return;
        };
        gather_strays(&mut table, &path, self.registry, report);
        for entry in table.entries {
            if is_ignored(&entry.key) {
                continue;
            }
            let path = format!("{path}.{}", entry.key);
            let (name, origin) = (entry.key.clone(), entry.key_origin.clone());
            let registry = self.registry;
            let kind = |_: &mut Report| {
                let message = format!("the connection `{}` has no type", redact::key(&name));
                let help = match registry.find(&name) {
                    Some(kind) => format!("add `type: {kind}`"),
                    None => format!("add `type: …`; {}", linked(registry)),
                };
                Kind::Absent(
                    Mistake::error(Code::NoType, path.as_str(), message)
                        .at(&origin)
                        .help(help),
                )
            };
            self.sighting(entry, path.clone(), None, kind, layer, report);
        }
    }

    fn category(&mut self, entry: Entry, layer: usize, report: &mut Report) {
        let category = entry.key;
        let Some(mut table) = expect_table(entry.node, &category, "connections by type", report)
        else {
            return;
        };
        gather_strays(&mut table, &category, self.registry, report);
        for entry in table.entries {
            self.in_category(entry, &category, layer, report);
        }
    }

    fn in_category(&mut self, entry: Entry, category: &str, layer: usize, report: &mut Report) {
        if is_ignored(&entry.key) {
            return;
        }
        let path = format!("{category}.{}", entry.key);
        let registry = self.registry;
        let found = registry.find(&entry.key);
        let origin = entry.key_origin.clone();
        let key = entry.key.clone();
        let kind = |report: &mut Report| match found {
            Some(kind) if Sections::allows(kind, category) => Kind::Implied(kind),
            Some(kind) => {
                report.push(wrong_category(kind, category, &path, &origin));
                Kind::Implied(kind)
            }
            None => {
                let (message, help) = registry.unknown(&key);
                let help = format!("{help}; a connection with a name of your own says `type: …`");
                Kind::Absent(
                    Mistake::error(Code::UnknownType, path.as_str(), message)
                        .at(&origin)
                        .help(help),
                )
            }
        };
        self.sighting(entry, path.clone(), Some(category), kind, layer, report);
    }

    /// A table that stands where `section` says, or on the way there.
    fn place(
        &mut self,
        entry: Entry,
        section: &Section,
        above: Option<&str>,
        layer: usize,
        report: &mut Report,
    ) {
        let path = match above {
            Some(above) => format!("{above}.{}", entry.key),
            None => entry.key.clone(),
        };
        let names_type = entry
            .node
            .as_table()
            .is_some_and(|table| table.entries.iter().any(|e| is_type_key(&e.key)));
        if names_type
            && !section.types.is_empty()
            && let Some(above) = above
        {
            return self.in_category(entry, above, layer, report);
        }
        let of = match above {
            None if self.sections.is_category(&entry.key) => "connections by type",
            _ if section.types.is_empty() => "tables",
            _ => "settings",
        };
        let is_category = above.is_none() && self.sections.is_category(&entry.key);
        let Entry {
            key,
            key_origin: origin,
            node,
            ..
        } = entry;
        let Some(mut table) = expect_table(node, &path, of, report) else {
            return;
        };
        if is_category {
            gather_strays(&mut table, &path, self.registry, report);
        }
        let sequence = self.next();
        let mut own = Table {
            damaged: table.damaged,
            ..Table::default()
        };
        for entry in table.entries {
            if is_ignored(&entry.key) {
                continue;
            }
            if let Some(child) = section.child(&entry.key) {
                self.place(entry, child, Some(&path), layer, report);
            } else if !section.types.is_empty() {
                own.entries.push(entry);
            } else if is_category {
                self.in_category(entry, &path, layer, report);
            } else {
                report.push(unknown_place(&entry, &path, section));
            }
        }
        if !section.types.is_empty() {
            let types = section.types.clone();
            let table = own;
            self.shared.push(SectionTable {
                layer,
                sequence,
                path,
                origin,
                key,
                types,
                table,
            });
        }
    }

    /// Notes one connection; without a `type` key, `otherwise` says what it is.
    fn sighting(
        &mut self,
        entry: Entry,
        path: String,
        category: Option<&str>,
        otherwise: impl FnOnce(&mut Report) -> Kind,
        layer: usize,
        report: &mut Report,
    ) {
        let Entry {
            key: name,
            key_origin: origin,
            node,
            ..
        } = entry;
        let Some(mut table) = expect_table(node, &path, "settings", report) else {
            return;
        };
        let mut kinds = table
            .entries
            .extract_if(.., |entry| is_type_key(&entry.key));
        let explicit = kinds.next();
        for again in kinds {
            let message = "the type is given twice";
            let key = format!("{path}.{}", again.key);
            let first = explicit.as_ref().map_or(&origin, |first| &first.key_origin);
            report.push(
                Mistake::error(Code::TypeTwice, key, message)
                    .at(&again.key_origin)
                    .related(first, "the first one is")
                    .help("keep one of them"),
            );
        }
        let kind = match explicit {
            Some(explicit) => self.explicit(&explicit, &path, category, report),
            None => match otherwise(report) {
                Kind::Absent(mistake) => {
                    Kind::Absent(misspelt_type(&table, &path).unwrap_or(mistake))
                }
                kind => kind,
            },
        };
        let sequence = self.next();
        self.sightings.push(Sighting {
            layer,
            sequence,
            name,
            path,
            origin,
            table,
            kind,
        });
    }

    fn explicit(
        &self,
        entry: &Entry,
        path: &str,
        category: Option<&str>,
        report: &mut Report,
    ) -> Kind {
        let key = format!("{path}.{}", entry.key);
        let errors = report.error_count();
        let Some((text, origin)) = type_text(self.resolver, entry, &key, report) else {
            return if report.allows_unresolved() && report.error_count() == errors {
                Kind::Unknown
            } else {
                Kind::Mistaken
            };
        };
        let Some(kind) = self.registry.find(&text) else {
            let (mut message, help) = self.registry.unknown(&text);
            // What a variable holds is not told.
            if !origin.is_written_out() {
                "there is no connection type of this name".clone_into(&mut message);
            }
            report.push(
                Mistake::error(Code::UnknownType, key, message)
                    .at(&origin)
                    .told(origin.is_written_out() && redact::is_plain(&text))
                    .help(help),
            );
            return Kind::Mistaken;
        };
        // What stands at the wrong place is checked like all else.
        if let Some(category) = category.filter(|category| !Sections::allows(kind, category)) {
            report.push(wrong_category(kind, category, &key, &origin));
        }
        Kind::Explicit(kind)
    }

    /// A key at the top of a file that is no category and no section.
    fn foreign(&self, entry: &Entry, role: Role, report: &mut Report) {
        let near = nearest(&entry.key, self.sections.names());
        let message = format!(
            "`{}` is neither a category nor `connections`",
            redact::key(&entry.key)
        );
        let table = entry.node.as_table();
        let is_connection =
            table.is_some_and(|table| table.entries.iter().any(|e| is_type_key(&e.key)));
        let help = match (near, self.registry.find(&entry.key)) {
            (_, Some(kind)) if !is_connection && !role.is_shared() => {
                format!("put it below `{}:`", kind.category())
            }
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, _) if is_connection => "put it below `connections:`".to_owned(),
            (None, _) => {
                format!(
                    "known: {}, connections",
                    self.sections.categories().join(", ")
                )
            }
        };
        if !role.is_shared() {
            let mistake =
                Mistake::error(Code::ForeignKey, &entry.key, message).at(&entry.key_origin);
            report.push(mistake.help(help));
        } else if near.is_some() {
            let message = format!("{message}, so it is ignored");
            let mistake = Mistake::warning(Code::ForeignKeyIgnored, &entry.key, message)
                .at(&entry.key_origin);
            report.push(mistake.help(help));
        }
    }

    fn next(&mut self) -> usize {
        self.sequence += 1;
        self.sequence
    }
}

/// Whether a key at the top of a file speaks of what connections fall back on.
fn is_defaults(key: &str) -> bool {
    [DEFAULTS, POLICIES, CONNECTION_POOLING]
        .iter()
        .any(|name| same_name(name, key))
}
