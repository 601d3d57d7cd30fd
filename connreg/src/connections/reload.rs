//! Reloading: everything is read and checked, what is new is opened beside what is there, then both change places.
//!
//! Until that moment nothing has changed, and whatever goes wrong leaves it so.

use std::fmt;
use std::sync::{Arc, PoisonError};

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::order::Order;
use super::set::{Member, Peers, Set};
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

/// Carries out a reload; `loaded` is what the files say now.
pub(super) async fn reload(inner: &Arc<Inner>, loaded: Loaded) -> Result<ReloadReport, Error> {
    let old = inner.set.load_full();
    let plan = Plan::new(inner, &old, loaded);
    if let Err(error) = plan.open().await {
        plan.abandon();
        return Err(error);
    }
    plan.carry_out(inner, &old)
}

impl Plan {
    fn new(inner: &Arc<Inner>, old: &Set, loaded: Loaded) -> Self {
        let peers = Peers::new(Arc::downgrade(inner));
        // What is prepared tells nobody of it.
        let silent = Arc::new(Hub::new());
        let order = Order::of(&loaded.connections);
        let reopened = reopened(old, &loaded.connections, &order);
        let mut plan = Self {
            set: Set::new(Vec::new(), Vec::new(), Order::default(), loaded.warnings),
            steps: Vec::with_capacity(loaded.connections.len()),
            peers,
            report: ReloadReport::default(),
        };
        let mut names = Vec::with_capacity(loaded.connections.len());
        let mut members = Vec::with_capacity(loaded.connections.len());
        for (connection, reopened) in loaded.connections.into_iter().zip(reopened) {
            let LoadedConnection {
                name,
                kind,
                settings,
                policy,
                fingerprint,
                ..
            } = connection;
            names.push(Arc::clone(&name));
            let before =
                before(old, &name).filter(|member| member.slot.core().connection_type() == kind);
            // A name may be spelt otherwise than before, and stays as handles know it.
            let known = before.map_or(&name, |member| member.slot.core().name());
            let context = Context::new(Arc::clone(known), kind, policy, Arc::clone(&plan.peers));
            let (slot, step) = match before {
                Some(member) if reopened => {
                    let staged = settings.into_slot(context, Arc::clone(&silent));
                    plan.peers.stage(&name, Arc::clone(&staged));
                    (Arc::clone(&member.slot), Step::Change(staged))
                }
                Some(member) => {
                    let same = member.fingerprint == fingerprint;
                    let step = if same {
                        Step::Keep
                    } else {
                        Step::Policies(context)
                    };
                    (Arc::clone(&member.slot), step)
                }
                None => {
                    let slot = settings.into_slot(context, Arc::clone(&inner.hub));
                    plan.peers.stage(&name, Arc::clone(&slot));
                    (slot, Step::Add)
                }
            };
            let report = &mut plan.report;
            let list = match &step {
                Step::Keep => &mut report.unchanged,
                Step::Policies(_) | Step::Change(_) => &mut report.changed,
                // Another type under a name that was there before.
                Step::Add if old.position(&name).is_some() => &mut report.changed,
                Step::Add => &mut report.added,
            };
            list.push(slot.core().name().to_string());
            members.push(Member { slot, fingerprint });
            plan.steps.push(step);
        }
        plan.set = Set::new(names, members, order, plan.set.warnings.as_ref().clone());
        let gone = old
            .slots()
            .filter(|slot| plan.set.position(slot.core().name()).is_none());
        plan.report.removed = gone.map(|slot| slot.core().name().to_string()).collect();
        plan
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
            let closing = match before(&self.set, slot.core().name()) {
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
fn before<'s>(set: &'s Set, name: &str) -> Option<&'s Member> {
    set.position(name).map(|at| &set.members[at])
}

/// Which of `connections` need a new client: their own settings differ, or those of one that they use.
fn reopened(old: &Set, connections: &[LoadedConnection], order: &Order) -> Vec<bool> {
    let differs = |connection: &LoadedConnection| {
        let Some(member) = before(old, &connection.name) else {
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
