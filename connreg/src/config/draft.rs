//! Connections before they are read: the sightings of all layers by name, each with its type.

use std::collections::HashMap;
use std::sync::Arc;

use super::code::Code;
use super::keys::Known;
use super::redact;
use super::report::{Mistake, Report};
use super::sections::deal;
use super::shape::{Kind, Sighting, Survey};
use super::tree::{Origin, Table, canonical};
use crate::registry::ConnectionType;
use crate::runtime::Configured;

/// One connection with what each layer says of it.
pub(crate) struct Draft {
    /// As it was written first.
    pub(crate) name: String,
    /// The dotted place of its table, as it was written first.
    pub(crate) path: String,
    /// The place of its name.
    pub(crate) origin: Origin,
    /// `None`: its type is not known, which is reported unless it may be `any_type`.
    pub(crate) kind: Option<ConnectionType>,
    /// Its type depends on what is not to be had.
    pub(crate) any_type: bool,
    /// The tables by layer, weakest first, each with its own dotted place.
    pub(crate) tables: Vec<(usize, String, Table)>,
    /// A second one of its name: it is checked, but can't be used.
    pub(crate) duplicate: bool,
    /// Its settings, if a test hands them in.
    pub(crate) given: Option<Arc<dyn Configured>>,
}

impl Draft {
    /// What it can be told.
    pub(crate) fn known(&self) -> Known {
        match self.kind {
            Some(kind) if self.given.is_none() => Known::of(kind),
            _ => Known::common(),
        }
    }
}

/// All drafts, found by name.
#[derive(Default)]
pub(crate) struct Drafts {
    pub(crate) list: Vec<Draft>,
    /// Canonical name → position.
    names: HashMap<String, usize>,
}

impl Drafts {
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.get(&canonical(name)).copied()
    }

    /// The names as they were written.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list
            .iter()
            .filter(|draft| !draft.duplicate)
            .map(|draft| draft.name.as_str())
    }

    /// Puts the sightings of a survey together. `incomplete`: a file could not be read, so that what is
    /// missing may stand there.
    pub(crate) fn gather(survey: Survey<'_>, incomplete: bool, report: &mut Report) -> Self {
        let Survey {
            mut sightings,
            shared,
            ..
        } = survey;
        sightings.extend(deal(shared, report).into_iter().map(|share| Sighting {
            layer: share.layer,
            sequence: share.sequence,
            name: share.name,
            path: share.path,
            origin: share.origin,
            table: share.table,
            kind: Kind::Implied(share.kind),
        }));
        sightings.sort_by_key(|sighting| (sighting.layer, sighting.sequence));
        let mut drafts = Self::default();
        let mut groups: Vec<Vec<Sighting>> = Vec::new();
        let mut duplicates = Vec::new();
        for sighting in sightings {
            let position = *drafts
                .names
                .entry(canonical(&sighting.name))
                .or_insert(groups.len());
            if position == groups.len() {
                groups.push(Vec::new());
            }
            match groups[position]
                .iter()
                .find(|first| first.layer == sighting.layer)
            {
                Some(first) => {
                    report.push(twice(&sighting, first));
                    duplicates.push((position, sighting));
                }
                None => groups[position].push(sighting),
            }
        }
        drafts.list = groups
            .into_iter()
            .map(|group| draft(group, None, incomplete, report))
            .collect();
        for (position, sighting) in duplicates {
            let kind = drafts.list[position].kind;
            let mut draft = draft(vec![sighting], kind, incomplete, report);
            draft.duplicate = true;
            drafts.list.push(draft);
        }
        drafts
    }
}

fn twice(sighting: &Sighting, first: &Sighting) -> Mistake {
    let message = format!(
        "the connection `{}` is configured twice",
        redact::key(&sighting.name)
    );
    Mistake::error(Code::ConfiguredTwice, &sighting.path, message)
        .at(&sighting.origin)
        .related(&first.origin, "the first one is")
        .help("a name is unique across categories")
}

/// One connection from what the layers say of it; `otherwise` is its type if none of them says one.
fn draft(
    sightings: Vec<Sighting>,
    otherwise: Option<ConnectionType>,
    incomplete: bool,
    report: &mut Report,
) -> Draft {
    let mut explicit = None;
    let mut implied = otherwise;
    let mut mistaken = false;
    let mut any_type = false;
    let mut missing = None;
    #[cfg_attr(
        not(feature = "testing"),
        expect(unused_mut, reason = "tests alone give")
    )]
    let mut given = None;
    let mut tables: Vec<(usize, String, Table)> = Vec::new();
    let mut first = None;
    for Sighting {
        layer,
        name,
        path,
        origin,
        table,
        kind,
        ..
    } in sightings
    {
        match kind {
            Kind::Explicit(kind) => {
                // Another type: what the layers below said was meant for the one before.
                if explicit.or(implied).is_some_and(|before| before != kind) {
                    tables.clear();
                }
                explicit = Some(kind);
                any_type = false;
            }
            #[cfg(feature = "testing")]
            Kind::StandIn(stand_in) => {
                // What every connection can be told is meant for this one, too.
                let common = Known::common();
                for (_, _, table) in &mut tables {
                    table
                        .entries
                        .retain(|entry| common.meaning(&entry.key).is_some());
                }
                explicit = Some(stand_in.kind);
                given = Some(stand_in.settings);
                any_type = false;
            }
            Kind::Implied(kind) => implied = implied.or(Some(kind)),
            Kind::Mistaken => mistaken = true,
            // It may stand where a mistake of syntax is.
            Kind::Absent(_) if table.damaged => mistaken = true,
            Kind::Unknown => any_type = true,
            Kind::Absent(mistake) => missing = missing.or(Some(mistake)),
        }
        first.get_or_insert_with(|| (name, path.clone(), origin));
        tables.push((layer, path, table));
    }
    let kind = explicit.or(implied).filter(|_| !any_type);
    match missing {
        Some(mistake) if kind.is_none() && !mistaken && !any_type && !incomplete => {
            report.push(mistake);
        }
        _ => {}
    }
    let (name, path, origin) =
        first.unwrap_or_else(|| (String::new(), String::new(), Origin::code()));
    // A wrong type in one layer is not healed by a right one in another, but what it was meant to be is known.
    Draft {
        name,
        path,
        origin,
        kind,
        any_type,
        tables,
        duplicate: false,
        given,
    }
}
