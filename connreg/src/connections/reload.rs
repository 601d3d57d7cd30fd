//! Reloading: everything is read and checked, what is new is opened beside what is there, then both change places.
//!
//! Until that moment nothing has changed, and whatever goes wrong leaves it so.

use std::fmt;
use std::sync::{Arc, PoisonError};

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::order::Order;
use super::set::{Member, Peers, Set, context};
use super::{Inner, start};
use crate::config::{Fingerprint, Loaded, LoadedConnection};
use crate::connection::{AnyConnection, AnyOpen, AnySlot, Asker, Closing, DRAIN};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::event::{EventKind, Hub};

/// What a reload found: the names of connections, each in one of the four.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReloadReport {
    /// Not configured before.
    pub added: Vec<String>,
    /// Not configured any more; they are closed when the work under way on them has ended.
    pub removed: Vec<String>,
    /// With other settings, policies or secrets than before, or using a connection that has them.
    pub changed: Vec<String>,
    /// As before.
    pub unchanged: Vec<String>,
}

impl ReloadReport {
    /// Whether nothing has changed.
    pub fn is_unchanged(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl fmt::Display for ReloadReport {
    /// One line, such as `added: cache; changed: shop; 3 unchanged`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("changed", &self.changed),
        ];
        for (what, names) in lists {
            if !names.is_empty() {
                write!(f, "{what}: {}; ", names.join(", "))?;
            }
        }
        write!(f, "{} unchanged", self.unchanged.len())
    }
}

/// What becomes of one connection of the new configuration.
enum Step {
    Keep,
    /// Only policies that no client heeds have changed.
    Policies(Context),
    /// The slot stays and takes over what is prepared in this one.
    Change(Arc<dyn AnySlot>),
    /// Not there before, or of another type.
    Add,
}

/// A reload that was read, until it is carried out.
struct Plan {
    set: Set,
    /// In the order of the set's members.
    steps: Vec<Step>,
    peers: Arc<Peers>,
    report: ReloadReport,
}

/// A configuration whose credentials were refused, by its digest, and how often.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refused {
    digest: u64,
    times: u32,
}

/// Carries out a reload; `loaded` is what `files` said. `None`: its credentials were refused `limit` times already.
pub(super) async fn reload(
    inner: &Arc<Inner>,
    (loaded, files): (Loaded, u64),
    limit: u32,
) -> Option<Result<ReloadReport, Error>> {
    let old = inner.set.load_full();
    let plan = Plan::new(inner, &old, loaded, files);
    let digest = plan.set.digest();
    let refused = || inner.refused.lock().unwrap_or_else(PoisonError::into_inner);
    let times = Some(*refused()).filter(|refused| refused.digest == digest);
    let times = times.map_or(0, |refused| refused.times);
    if times >= limit {
        return None;
    }
    if let Err(error) = plan.open().await {
        plan.abandon();
        if error.kind() == ErrorKind::Authentication {
            let times = times + 1;
            *refused() = Refused { digest, times };
        }
        return Some(Err(error));
    }
    Some(plan.carry_out(inner, &old))
}

impl Plan {
    fn new(inner: &Arc<Inner>, old: &Set, loaded: Loaded, files: u64) -> Self {
        let peers = Peers::new(Arc::downgrade(inner));
        // What is prepared tells nobody of it.
        let silent = Arc::new(Hub::new());
        let order = Order::of(&loaded.connections);
        let reopened = reopened(old, &loaded.connections, &order);
        let mut names = Vec::with_capacity(loaded.connections.len());
        let mut members = Vec::with_capacity(loaded.connections.len());
        let mut steps = Vec::with_capacity(loaded.connections.len());
        for (mut connection, reopened) in loaded.connections.into_iter().zip(reopened) {
            names.push(Arc::clone(&connection.name));
            let before = find(old, &connection.name)
                .filter(|member| member.slot.core().connection_type() == connection.kind);
            if let Some(member) = before {
                // It may be spelt otherwise than before, and is called as handles know it.
                connection.name = Arc::clone(member.slot.core().name());
            }
            let (member, step) = match before {
                Some(member) if reopened => {
                    let name = Arc::clone(&connection.name);
                    let staged = Member::new(connection, &peers, &silent);
                    peers.stage(&name, Arc::clone(&staged.slot));
                    let slot = Arc::clone(&member.slot);
                    let fingerprint = staged.fingerprint;
                    (Member { slot, fingerprint }, Step::Change(staged.slot))
                }
                Some(member) => {
                    let slot = Arc::clone(&member.slot);
                    let fingerprint = connection.fingerprint;
                    let step = if member.fingerprint == fingerprint {
                        Step::Keep
                    } else {
                        Step::Policies(context(connection, &peers))
                    };
                    (Member { slot, fingerprint }, step)
                }
                None => {
                    let name = Arc::clone(&connection.name);
                    let added = Member::new(connection, &peers, &inner.hub);
                    peers.stage(&name, Arc::clone(&added.slot));
                    (added, Step::Add)
                }
            };
            members.push(member);
            steps.push(step);
        }
        let set = Set::new(
            names,
            members,
            order,
            loaded.warnings,
            loaded.secrets,
            files,
        );
        Self {
            report: report(old, &set, &steps),
            set,
            steps,
            peers,
        }
    }

    /// Opens what takes the place of an open client, and what is new and said to be open from the start.
    async fn open(&self) -> Result<(), Error> {
        let mut opening = JoinSet::new();
        let mut eager = Vec::new();
        for (step, member) in self.steps.iter().zip(&self.set.members) {
            match step {
                Step::Change(staged) if member.slot.opened().is_some() => {
                    let staged = Arc::clone(staged);
                    opening.spawn(async move { staged.open(Asker::Explicit).await });
                }
                Step::Add => {
                    let added = AnyConnection(Arc::clone(&member.slot));
                    if !added.is_lazy() {
                        eager.push(added);
                    }
                }
                _ => {}
            }
        }
        let mut errors = Vec::new();
        while let Some(opened) = opening.join_next().await {
            if let Ok(Err(error)) = opened {
                errors.push(error);
            }
        }
        Error::several(errors)?;
        start::open(eager).await
    }

    /// Closes whatever was opened: nothing has changed.
    fn abandon(&self) {
        self.peers.settle();
        for (step, member) in self.steps.iter().zip(&self.set.members) {
            let new = match step {
                Step::Change(staged) => staged,
                Step::Add => &member.slot,
                Step::Keep | Step::Policies(_) => continue,
            };
            if let Some(stopped) = new.stop(Closing::Closed) {
                tokio::spawn(stopped.end(Instant::now() + DRAIN));
            }
        }
    }

    /// Puts the new set in the old one's place. Nothing is waited for, so that nothing can come in between.
    fn carry_out(self, inner: &Arc<Inner>, old: &Arc<Set>) -> Result<ReloadReport, Error> {
        let closed = inner.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            drop(closed);
            self.abandon();
            return Err(closed_error());
        }
        let mut replaced: Vec<Arc<dyn AnyOpen>> = Vec::new();
        for (step, member) in self.steps.iter().zip(&self.set.members) {
            match step {
                Step::Keep | Step::Add => continue,
                Step::Policies(context) => member.slot.core().set_context(context.clone()),
                Step::Change(staged) => replaced.extend(member.slot.take_over(staged)),
            }
            member.slot.core().emit(EventKind::Reloaded);
        }
        let mut stopped = Vec::new();
        for position in old.order.dependents_first().iter().flatten() {
            let slot = &old.members[*position].slot;
            let closing = match find(&self.set, slot.core().name()) {
                None => Closing::Removed,
                Some(now) if !Arc::ptr_eq(&now.slot, slot) => Closing::Retyped,
                Some(_) => continue,
            };
            stopped.extend(slot.stop(closing));
        }
        inner.set.store(Arc::new(self.set));
        self.peers.settle();
        drop(closed);
        // Each is closed when its last user lets go.
        drop(replaced);
        tokio::spawn(async move {
            let deadline = Instant::now() + DRAIN;
            for stopped in stopped {
                stopped.end(deadline).await;
            }
        });
        tracing::info!(report = %self.report, "reloaded");
        Ok(self.report)
    }
}

/// The member of `set` called `name`.
fn find<'s>(set: &'s Set, name: &str) -> Option<&'s Member> {
    set.position(name).map(|at| &set.members[at])
}

fn report(old: &Set, new: &Set, steps: &[Step]) -> ReloadReport {
    let mut report = ReloadReport::default();
    for (step, member) in steps.iter().zip(&new.members) {
        let name = member.slot.core().name();
        let list = match step {
            Step::Keep => &mut report.unchanged,
            // Another type under a name that was there before is a change, too.
            Step::Add if find(old, name).is_none() => &mut report.added,
            _ => &mut report.changed,
        };
        list.push(name.to_string());
    }
    let names = old.slots().map(|slot| slot.core().name());
    let gone = names.filter(|name| find(new, name).is_none());
    report.removed = gone.map(ToString::to_string).collect();
    report
}

/// Which of `connections` need a new client: their own settings differ, or those of one that they use.
fn reopened(old: &Set, connections: &[LoadedConnection], order: &Order) -> Vec<bool> {
    let differs = |connection: &LoadedConnection| {
        let Some(member) = find(old, &connection.name) else {
            // What uses it can't have used it before.
            return true;
        };
        let Fingerprint { client, .. } = connection.fingerprint;
        member.slot.core().connection_type() != connection.kind
            || member.fingerprint.client != client
    };
    let mut marked: Vec<bool> = connections.iter().map(differs).collect();
    order.with_dependents(&mut marked);
    marked
}

pub(super) fn closed_error() -> Error {
    let help = "load them again in place of reloading".to_owned();
    Error::usage(ErrorKind::Closed, "the connections were closed", Some(help))
}
