//! Which of a connection's servers is used: the one that takes writes, or the first that works.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connreg::topology::{Preference, ReadFrom, Role, Sighting, Topology, TopologySettings};
use connreg::{ConnectError, Context, ErrorKind};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::settings::{Postgres, TargetSessionAttrs};
use super::target::Target;

/// What one server said of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) is_standby: bool,
    pub(crate) is_read_only: bool,
    pub(crate) took: Duration,
}

impl Look {
    /// Whether such a server is what is wanted.
    pub(crate) fn suits(self, wanted: TargetSessionAttrs) -> bool {
        use TargetSessionAttrs as A;
        match wanted {
            A::ReadWrite => !self.is_read_only,
            A::ReadOnly => self.is_read_only,
            A::Primary => !self.is_standby,
            A::Standby => self.is_standby,
            A::Any | A::PreferStandby => true,
        }
    }
}

/// The servers of one connection, and what is known of them.
pub(crate) struct Servers {
    pub(crate) topology: Topology,
    pub(crate) choice: Choice,
    pub(crate) read_from: ReadFrom,
    names: Vec<Arc<str>>,
    context: Context,
    /// Since when no server that takes writes is to be found.
    search: Mutex<Option<Instant>>,
    /// A task looks at roles, so that nobody else needs to ask.
    is_looked_at: AtomicBool,
    /// How often all sessions were retired.
    retired: AtomicU64,
    /// A look has ended.
    pub(crate) looked: Notify,
}

/// By what a server is chosen.
#[derive(Debug)]
pub(crate) enum Choice {
    /// Whichever takes writes.
    Writer {
        wanted: TargetSessionAttrs,
        /// Whether nothing else will do in the end.
        is_strict: bool,
    },
    /// The first that works, without going back and forth.
    Preferred {
        wanted: TargetSessionAttrs,
        preference: Preference,
        /// The one that was last connected to.
        serving: Mutex<Option<usize>>,
    },
    /// One after the other for each session.
    InTurn(TargetSessionAttrs),
}

impl Choice {
    fn of(target: &Target, settings: &TopologySettings) -> Self {
        use TargetSessionAttrs as A;
        let count = target.places.len();
        match target.attributes {
            Some(wanted @ (A::ReadWrite | A::Primary)) => Self::Writer {
                wanted,
                is_strict: true,
            },
            None if count > 1 => Self::Writer {
                wanted: A::ReadWrite,
                is_strict: false,
            },
            Some(wanted @ (A::Any | A::ReadOnly | A::Standby)) if count > 1 && !target.shuffle => {
                Self::Preferred {
                    wanted,
                    preference: Preference::new(count, settings),
                    serving: Mutex::new(None),
                }
            }
            attributes => Self::InTurn(attributes.unwrap_or(A::Any)),
        }
    }
}

impl Servers {
    pub(crate) fn new(settings: &Postgres, target: &Target, context: &Context) -> Self {
        let read_from = settings.read_from;
        let settings = settings.topology();
        let names = target.places.iter().map(|place| place.to_string().into());
        let names: Vec<Arc<str>> = names.collect();
        Self {
            choice: Choice::of(target, &settings),
            topology: Topology::new(context, names.clone(), settings),
            read_from,
            names,
            context: context.clone(),
            search: Mutex::new(None),
            is_looked_at: AtomicBool::new(false),
            retired: AtomicU64::new(0),
            looked: Notify::new(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn name(&self, server: usize) -> &Arc<str> {
        &self.names[server]
    }

    /// The number of a server by its name.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| **known == *name)
    }

    pub(crate) fn is_primary(&self, server: usize) -> bool {
        self.topology.primary().as_ref() == Some(self.name(server))
    }

    /// What a server that says so is, for those who write.
    fn role(&self, look: Look) -> Role {
        let refuses = match self.choice {
            Choice::Writer {
                wanted: TargetSessionAttrs::Primary,
                ..
            } => look.is_standby,
            _ => look.is_read_only,
        };
        if refuses {
            Role::Replica
        } else {
            Role::Primary
        }
    }

    /// Takes in what a server said, and gives its role.
    pub(crate) fn saw(&self, server: usize, look: Look, lag: Option<Duration>) -> Role {
        let role = self.role(look);
        if let Choice::Preferred {
            wanted,
            preference,
            serving,
        } = &self.choice
        {
            if !look.suits(*wanted) {
                preference.fails(server);
                return role;
            }
            self.works(server);
            // Back to a more preferred one, once it has worked for long enough.
            let is_better = lock(serving).is_some_and(|serving| serving > server);
            if is_better && preference.current() == server {
                self.serves(server);
            }
            return role;
        }
        let mut sighting = Sighting::new(role, look.took);
        if let Some(lag) = lag {
            sighting = sighting.with_lag(lag);
        }
        self.topology.saw(self.name(server), sighting);
        if self.topology.primary().is_some() {
            *lock(&self.search) = None;
        }
        role
    }

    /// Takes in that a session with one of equals was opened.
    pub(crate) fn works(&self, server: usize) {
        if let Choice::Preferred { preference, .. } = &self.choice {
            preference.works(server);
        }
    }

    /// The one of equals to try after those that failed just now.
    ///
    /// What is in use is not left twice in a short time; but one that has not been of use yet does not count.
    pub(crate) fn next(&self, tried: &[usize]) -> Option<usize> {
        let Choice::Preferred {
            preference,
            serving,
            ..
        } = &self.choice
        else {
            return None;
        };
        let (current, serving) = (preference.current(), *lock(serving));
        if !tried.contains(&current) {
            return Some(current);
        }
        let is_held = serving == Some(current);
        let others = serving.into_iter().chain(0..self.count());
        others
            .filter(|_| !is_held)
            .find(|server| !tried.contains(server))
    }

    /// Takes in that a server could not be reached.
    pub(crate) fn failed(&self, server: usize) {
        match &self.choice {
            Choice::Preferred { preference, .. } => preference.fails(server),
            _ => self.topology.failed(self.name(server)),
        }
    }

    /// Notes which server was connected to; tells the listeners if it is another than before.
    pub(crate) fn serves(&self, server: usize) {
        let Choice::Preferred { serving, .. } = &self.choice else {
            return;
        };
        let before = lock(serving).replace(server);
        if let Some(before) = before.filter(|before| *before != server) {
            self.context
                .failed_over(Some(self.name(before)), self.name(server));
        }
    }

    /// Whether new sessions go elsewhere by now, so that one with `server` is of no use any more.
    pub(crate) fn has_left(&self, server: usize) -> bool {
        match &self.choice {
            Choice::Writer { .. } => {
                let primary = self.topology.primary();
                primary.is_some_and(|primary| primary != *self.name(server))
            }
            Choice::Preferred { serving, .. } => {
                lock(serving).is_some_and(|serving| serving != server)
            }
            Choice::InTurn(_) => false,
        }
    }

    /// Whether there is something to be found out: which server takes writes, or whether the preferred one is back.
    pub(crate) fn wants_looks(&self) -> bool {
        match &self.choice {
            Choice::Writer { .. } => lock(&self.search).is_some(),
            Choice::Preferred { serving, .. } => lock(serving).is_some_and(|serving| serving > 0),
            Choice::InTurn(_) => false,
        }
    }

    /// Notes that no server takes writes.
    pub(crate) fn search(&self) {
        lock(&self.search).get_or_insert_with(Instant::now);
    }

    /// Until when those who write wait for a server; `None` if there is no need to.
    pub(crate) fn search_ends(&self) -> Option<Instant> {
        let since = (*lock(&self.search))?;
        Some(since + self.topology.settings().failover_timeout)
    }

    /// Whether a server has been looked for in vain, for as long as anybody is to wait.
    pub(crate) fn was_searched_in_vain(&self) -> bool {
        self.search_ends()
            .is_some_and(|ends| Instant::now() >= ends)
    }

    /// Says that a task looks at roles from now on.
    pub(crate) fn begin_looking(&self) {
        self.is_looked_at.store(true, Ordering::Release);
    }

    /// Says that no session that is open now is to be used any more.
    pub(crate) fn retire(&self) {
        self.retired.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was said.
    pub(crate) fn retired(&self) -> u64 {
        self.retired.load(Ordering::Relaxed)
    }

    /// Whether sessions are meant to take writes, as far as the settings say.
    pub(crate) fn is_for_writing(&self) -> bool {
        match self.choice {
            Choice::Writer { .. } => true,
            // Anything will do: a single server of which nothing was said, which may be an address that moves.
            Choice::InTurn(wanted) => wanted == TargetSessionAttrs::Any && self.count() == 1,
            Choice::Preferred { .. } => false,
        }
    }

    /// Why there is no use in asking the servers for one that takes writes: it is being done.
    pub(crate) fn without_primary(&self) -> Option<ConnectError> {
        let is_known = self.search_ends().is_some()
            && self.is_looked_at.load(Ordering::Acquire)
            && self.topology.primary().is_none();
        is_known.then(|| {
            let told = |name: &Arc<str>| format!("{name} ({})", self.topology.role(name));
            let told: Vec<_> = self.names.iter().map(told).collect();
            let message = format!("no server takes writes: {}", told.join(", "));
            ConnectError::new(ErrorKind::Role, message)
        })
    }

    /// Whether sessions are opened with the server that takes writes and no other, at the moment.
    pub(crate) fn has_primary_only(&self) -> bool {
        match self.choice {
            Choice::Writer { is_strict, .. } => is_strict || !self.was_searched_in_vain(),
            _ => false,
        }
    }

    /// The order of trying: the primary first if it is known.
    pub(crate) fn order(&self, shuffle: bool) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.count()).collect();
        if shuffle {
            fastrand::shuffle(&mut order);
        }
        order.sort_by_key(|server| !self.is_primary(*server));
        order
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_suits_those_who_want_what_it_is() {
        use TargetSessionAttrs as A;
        let look = |is_standby, is_read_only| Look {
            is_standby,
            is_read_only,
            took: Duration::ZERO,
        };
        let (primary, standby, frozen) = (look(false, false), look(true, true), look(false, true));
        for look in [primary, standby, frozen] {
            assert!(look.suits(A::Any) && look.suits(A::PreferStandby));
            assert_ne!(look.suits(A::ReadWrite), look.suits(A::ReadOnly));
            assert_ne!(look.suits(A::Primary), look.suits(A::Standby));
        }
        assert!(primary.suits(A::Primary) && primary.suits(A::ReadWrite));
        assert!(standby.suits(A::Standby) && standby.suits(A::ReadOnly));
        assert!(frozen.suits(A::Primary) && frozen.suits(A::ReadOnly));
    }
}
