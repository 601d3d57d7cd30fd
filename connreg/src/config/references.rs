//! References between connections: each must lead to one of the right type, and none in a circle.

use super::code::Code;
use super::draft::Drafts;
use super::report::{Mistake, Report};
use crate::nearest::nearest;
use crate::registry::ConnectionType;
use crate::settings::Reference;

/// For how many lost references the nearest name is looked for: each is compared with every connection's.
const LOOKED_FOR: usize = 100;

/// How many names of connections a message lists.
const LISTED: usize = 10;

/// What is known of a connection when references are checked, in the order of the drafts.
pub(crate) struct Target {
    pub(crate) references: Vec<Reference>,
    /// `None`: nobody knows.
    pub(crate) enabled: Option<bool>,
}

/// Reports references that lead nowhere, to a wrong type or round in a circle. `incomplete`: a file could not be
/// read, so that what is missing may stand there.
pub(crate) fn check(drafts: &Drafts, targets: &[Target], incomplete: bool, report: &mut Report) {
    let mut edges: Vec<Vec<(usize, &Reference)>> = Vec::with_capacity(targets.len());
    let mut lost = 0;
    for target in targets {
        let mut found = Vec::new();
        for reference in &target.references {
            match drafts.position(&reference.target) {
                Some(position) => {
                    found.push((position, reference));
                    // What is switched off itself harms nobody.
                    if target.enabled != Some(false) {
                        let sure = target.enabled == Some(true);
                        fits(drafts, targets, position, reference, sure, report);
                    }
                }
                None if incomplete => {}
                None => {
                    let look = lost < LOOKED_FOR;
                    lost += 1;
                    report.push(unknown(drafts, reference, look));
                }
            }
        }
        edges.push(found);
    }
    cycles(drafts, &edges, report);
}

fn unknown(drafts: &Drafts, reference: &Reference, look: bool) -> Mistake {
    // What a variable holds is not told.
    let message = match reference.origin.via {
        Some(_) => "there is no connection of this name".to_owned(),
        None => format!("there is no connection `{}`", reference.target),
    };
    let near = look.then(|| nearest(&reference.target, drafts.names()));
    let help = if let Some(near) = near.flatten() {
        format!("did you mean `{near}`?")
    } else {
        let wanted = ConnectionType(reference.wanted);
        let fitting = drafts
            .list
            .iter()
            .filter(|draft| draft.kind == Some(wanted));
        let fitting: Vec<&str> = fitting.map(|draft| draft.name.as_str()).collect();
        match fitting.len() {
            0 => format!("configure a connection of type `{wanted}`"),
            more @ LISTED.. => format!("{more} connections are of type `{wanted}`"),
            _ => format!("connections of type `{wanted}`: {}", fitting.join(", ")),
        }
    };
    Mistake::error(Code::ReferenceToNothing, &reference.key, message)
        .at(&reference.origin)
        .told(reference.origin.via.is_none())
        .help(help)
}

fn fits(
    drafts: &Drafts,
    targets: &[Target],
    position: usize,
    reference: &Reference,
    is_enabled: bool,
    report: &mut Report,
) {
    let draft = &drafts.list[position];
    let wanted = ConnectionType(reference.wanted);
    let mistake =
        |code, message: String| Mistake::error(code, &reference.key, message).at(&reference.origin);
    if let Some(kind) = draft.kind.filter(|kind| *kind != wanted) {
        let message = format!(
            "`{}` is a connection of type `{kind}`, and `{wanted}` is needed",
            draft.name
        );
        report.push(
            mistake(Code::ReferenceToOtherType, message)
                .help(format!("name a connection of type `{wanted}`")),
        );
    } else if is_enabled
        && targets
            .get(position)
            .is_some_and(|target| target.enabled == Some(false))
    {
        let message = format!("the connection `{}` is disabled", draft.name);
        report.push(
            mistake(Code::ReferenceToDisabled, message)
                .help("enable it, or disable this one as well"),
        );
    }
}

/// Reports each circle once, at the reference that closes it.
fn cycles(drafts: &Drafts, edges: &[Vec<(usize, &Reference)>], report: &mut Report) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        OnPath,
        Done,
    }
    let mut seen = vec![Seen::No; edges.len()];
    for start in 0..edges.len() {
        if seen[start] != Seen::No {
            continue;
        }
        // A stack of our own: a chain may be long.
        let mut path = vec![(start, 0)];
        seen[start] = Seen::OnPath;
        while let Some((at, next)) = path.last_mut() {
            let Some((target, reference)) = edges[*at].get(*next).copied() else {
                seen[*at] = Seen::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match seen[target] {
                Seen::No => {
                    seen[target] = Seen::OnPath;
                    path.push((target, 0));
                }
                Seen::Done => {}
                Seen::OnPath => {
                    let from = path
                        .iter()
                        .position(|(at, _)| *at == target)
                        .unwrap_or_default();
                    let names: Vec<&str> = path[from..]
                        .iter()
                        .map(|(at, _)| *at)
                        .chain([target])
                        .map(|at| drafts.list[at].name.as_str())
                        .collect();
                    let circle = shorten(&names).join(" → ");
                    let message = format!("connections refer to each other in a circle: {circle}");
                    let mistake =
                        Mistake::error(Code::ReferencesInACircle, &reference.key, message)
                            .at(&reference.origin);
                    report.push(mistake.help("leave one of these references out"));
                }
            }
        }
    }
}

/// The names of a circle, without the middle of a very long one.
fn shorten<'n>(names: &[&'n str]) -> Vec<&'n str> {
    const SHOWN: usize = 8;
    match names {
        [first @ .., last] if first.len() > 2 * SHOWN => {
            let (head, tail) = (&first[..SHOWN], &first[first.len() - SHOWN..]);
            head.iter()
                .chain(&["…"])
                .chain(tail)
                .chain([last])
                .copied()
                .collect()
        }
        _ => names.to_vec(),
    }
}
