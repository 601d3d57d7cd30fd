//! Tables that types share, or that stand elsewhere than below their category: `section = "external.atlassian"`.

use std::collections::HashMap;

use super::code::Code;
use super::defaults::{DEFAULTS, POLICIES};
use super::discover::categories;
use super::dotnet::CONNECTION_POOLING;
use super::keys::{Known, is_ignored};
use super::report::{Mistake, Report};
use super::tree::{Origin, Table, canonical, same_name};
use crate::registry::{ConnectionType, Registry};

/// The places of tables in files, as a tree by the parts of their dotted names.
#[derive(Default)]
pub(crate) struct Sections {
    roots: HashMap<String, Section>,
    categories: Vec<&'static str>,
}

/// One place.
#[derive(Default)]
pub(crate) struct Section {
    /// The types whose table stands here.
    pub(crate) types: Vec<ConnectionType>,
    children: HashMap<String, Self>,
}

impl Section {
    pub(crate) fn child(&self, key: &str) -> Option<&Self> {
        self.children.get(&canonical(key))
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &str> {
        self.children.keys().map(String::as_str)
    }
}

impl Sections {
    pub(crate) fn new(registry: &Registry) -> Self {
        let mut sections = Self {
            roots: HashMap::new(),
            categories: categories(registry),
        };
        for kind in registry.types() {
            for dotted in kind.sections() {
                let mut parts = dotted.split('.').map(canonical);
                let Some(root) = parts.next() else { continue };
                // A category as a section lets the type stand below it by its name.
                if !dotted.contains('.') && sections.is_category(&root) {
                    continue;
                }
                let mut section = sections.roots.entry(root).or_default();
                for part in parts {
                    section = section.children.entry(part).or_default();
                }
                section.types.push(*kind);
            }
        }
        sections
    }

    pub(crate) fn categories(&self) -> &[&'static str] {
        &self.categories
    }

    pub(crate) fn is_category(&self, name: &str) -> bool {
        self.categories.iter().any(|known| same_name(known, name))
    }

    pub(crate) fn root(&self, key: &str) -> Option<&Section> {
        self.roots.get(&canonical(key))
    }

    /// What a key at the top of a file may be.
    pub(crate) fn names(&self) -> Vec<&str> {
        let roots = self.roots.keys().map(String::as_str);
        let mut names: Vec<&str> = self.categories.iter().copied().chain(roots).collect();
        names.extend(["connections", DEFAULTS, POLICIES, CONNECTION_POOLING]);
        names
    }

    /// Whether a connection of type `kind` may stand below `category`.
    pub(crate) fn allows(kind: ConnectionType, category: &str) -> bool {
        let sections = kind
            .sections()
            .iter()
            .filter_map(|section| section.split('.').next());
        sections
            .chain([kind.category()])
            .any(|allowed| same_name(allowed, category))
    }
}

/// A table found at a section's place.
pub(crate) struct SectionTable {
    pub(crate) layer: usize,
    /// When it was met, to keep the order of files and lines.
    pub(crate) sequence: usize,
    /// The dotted place, as it was written.
    pub(crate) path: String,
    pub(crate) origin: Origin,
    /// The last part of the place, as it was written.
    pub(crate) key: String,
    pub(crate) types: Vec<ConnectionType>,
    pub(crate) table: Table,
}

/// The part of a shared table that is one type's.
pub(crate) struct Share {
    pub(crate) kind: ConnectionType,
    pub(crate) name: String,
    pub(crate) layer: usize,
    pub(crate) sequence: usize,
    pub(crate) path: String,
    pub(crate) origin: Origin,
    pub(crate) table: Table,
}

/// Deals the tables of all layers out to the types that share them.
pub(crate) fn deal(tables: Vec<SectionTable>, report: &mut Report) -> Vec<Share> {
    let mut groups: Vec<(String, Vec<SectionTable>)> = Vec::new();
    for table in tables {
        let place = canonical(&table.path);
        match groups.iter_mut().find(|(known, _)| *known == place) {
            Some((_, group)) => group.push(table),
            None => groups.push((place, vec![table])),
        }
    }
    groups
        .into_iter()
        .flat_map(|(_, group)| deal_group(group, report))
        .collect()
}

fn deal_group(group: Vec<SectionTable>, report: &mut Report) -> Vec<Share> {
    let mut tables: Vec<SectionTable> = Vec::new();
    for table in group {
        match tables.iter().find(|first| first.layer == table.layer) {
            Some(first) => report.push(twice(&table, first)),
            None => tables.push(table),
        }
    }
    let Some(first) = tables.first() else {
        return Vec::new();
    };
    let types = first.types.clone();
    if let [kind] = types[..] {
        return tables.into_iter().map(|table| whole(kind, table)).collect();
    }
    let known: Vec<Known> = types.iter().map(|kind| Known::of(*kind)).collect();
    let knowers = |key: &str| -> Vec<usize> {
        (0..known.len())
            .filter(|index| known[*index].meaning(key).is_some())
            .collect()
    };
    let mut there = vec![false; types.len()];
    for entry in tables.iter().flat_map(|table| &table.table.entries) {
        if let [only] = knowers(&entry.key)[..] {
            there[only] = true;
        }
    }
    if !there.contains(&true) {
        report.push(undecided(first, &types));
        return Vec::new();
    }
    let mut shares = Vec::new();
    for table in tables {
        let mut dealt: Vec<Table> = types
            .iter()
            .map(|_| Table {
                damaged: table.table.damaged,
                ..Table::default()
            })
            .collect();
        for entry in table.table.entries {
            if is_ignored(&entry.key) {
                continue;
            }
            let knowers = knowers(&entry.key);
            if knowers.is_empty() {
                let key = format!("{}.{}", table.path, entry.key);
                let mistake =
                    Mistake::error(Code::UnknownKey, key, "unknown key").at(&entry.key_origin);
                report.push(mistake.help(help(&entry.key, &types, &known)));
            }
            for index in knowers {
                dealt[index].entries.push(entry.clone());
            }
        }
        for (index, dealt) in dealt
            .into_iter()
            .enumerate()
            .filter(|(index, _)| there[*index])
        {
            shares.push(Share {
                kind: types[index],
                name: types[index].name().to_owned(),
                layer: table.layer,
                sequence: table.sequence,
                path: table.path.clone(),
                origin: table.origin.clone(),
                table: dealt,
            });
        }
    }
    shares
}

fn whole(kind: ConnectionType, table: SectionTable) -> Share {
    let names_it = std::iter::once(kind.name())
        .chain(kind.aliases().iter().copied())
        .any(|name| same_name(name, &table.key));
    Share {
        kind,
        name: if names_it {
            table.key
        } else {
            kind.name().to_owned()
        },
        layer: table.layer,
        sequence: table.sequence,
        path: table.path,
        origin: table.origin,
        table: table.table,
    }
}

fn twice(table: &SectionTable, first: &SectionTable) -> Mistake {
    let message = format!("`{}` is configured twice", table.path);
    Mistake::error(Code::ConfiguredTwice, &table.path, message)
        .at(&table.origin)
        .related(&first.origin, "the first one is")
        .help("keep one of them")
}

fn list(types: &[ConnectionType]) -> String {
    types
        .iter()
        .map(|kind| format!("`{kind}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn undecided(table: &SectionTable, types: &[ConnectionType]) -> Mistake {
    let message = format!(
        "this table is shared by {}, and no key says which is meant",
        list(types)
    );
    let own = types.iter().filter_map(|kind| {
        let others: Vec<Known> = types
            .iter()
            .filter(|other| *other != kind)
            .map(|other| Known::of(*other))
            .collect();
        let names = Known::of(*kind).main_names();
        let own: Vec<&str> = names
            .into_iter()
            .filter(|name| others.iter().all(|o| o.meaning(name).is_none()))
            .collect();
        (!own.is_empty()).then(|| format!("`{kind}` by {}", own.join(" or ")))
    });
    let help = format!(
        "set a key that only one has: {}",
        own.collect::<Vec<_>>().join(", ")
    );
    Mistake::error(Code::Undecided, &table.path, message)
        .at(&table.origin)
        .help(help)
}

fn help(key: &str, types: &[ConnectionType], known: &[Known]) -> String {
    let names: Vec<String> = known.iter().flat_map(|known| known.names()).collect();
    match crate::nearest::nearest(key, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("none of {} knows it", list(types)),
    }
}
