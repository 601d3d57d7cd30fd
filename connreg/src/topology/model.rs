//! The rules against simple models, by random sequences of what can happen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::preference::Order;
use super::roles::{Roles, Switch};
use super::{ReadFrom, Role, Sighting, TopologySettings};

const NAMES: [&str; 3] = ["a:1", "b:1", "c:1"];
const LAG_LIMIT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Happening {
    Saw(usize, Role, u64, Option<u64>),
    Failed(usize),
    Refused(usize),
    /// Which servers are on the list, by bit.
    Listed(u8),
    Looked,
    Passed(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let one = 0..NAMES.len();
    let role = prop_oneof![
        3 => Just(Role::Primary),
        3 => Just(Role::Replica),
        1 => Just(Role::Unknown)
    ];
    prop_oneof![
        8 => (one.clone(), role, 1_u64..60, proptest::option::of(0_u64..20))
            .prop_map(|(at, role, took, lag)| Happening::Saw(at, role, took, lag)),
        3 => one.clone().prop_map(Happening::Failed),
        2 => one.prop_map(Happening::Refused),
        1 => (1_u8..8).prop_map(Happening::Listed),
        3 => Just(Happening::Looked),
        5 => (1_u64..20_000).prop_map(Happening::Passed),
    ]
}

fn reading() -> impl Strategy<Value = ReadFrom> {
    prop_oneof![
        Just(ReadFrom::Primary),
        Just(ReadFrom::PreferReplica),
        Just(ReadFrom::Replica)
    ]
}

/// What is known of one server, in the plainest way.
#[derive(Clone, Copy, Default)]
struct Known {
    listed: bool,
    role: Role,
    stepped_down: bool,
    banned_until: Option<Instant>,
    timed: bool,
}

/// The rules once more: facts, and what must hold between them.
struct Model {
    now: Instant,
    known: [Known; 3],
    primary: Option<usize>,
    last: Option<usize>,
    switched_at: Option<Instant>,
    alerted_at: Option<Instant>,
    /// When a replica was first seen.
    replica_at: Option<Instant>,
}

impl Model {
    fn position(address: &str) -> usize {
        NAMES.iter().position(|name| *name == address).unwrap()
    }

    /// Notes the facts of `happening`, not their consequences.
    fn note(&mut self, happening: &Happening) {
        let now = self.now;
        let ban = Some(now + Duration::from_mins(1));
        match *happening {
            Happening::Saw(at, role, _, lag) if self.known[at].listed => {
                let others = self.known.iter().filter(|known| known.listed).count() - 1;
                let known = &mut self.known[at];
                if !known.timed && role == Role::Replica && others > 0 {
                    self.replica_at = Some(now);
                }
                known.timed = true;
                known.role = role;
                match role {
                    Role::Primary => {
                        known.stepped_down = false;
                        known.banned_until = None;
                    }
                    Role::Replica => {
                        known.stepped_down = true;
                        if lag.is_some_and(|lag| Duration::from_secs(lag) > LAG_LIMIT) {
                            known.banned_until = ban;
                        }
                    }
                    Role::Unknown => {}
                }
            }
            Happening::Failed(at) if self.known[at].listed => {
                let known = &mut self.known[at];
                if known.role == Role::Replica {
                    known.banned_until = ban;
                } else {
                    known.role = Role::Unknown;
                }
            }
            Happening::Refused(at) => {
                self.alerted_at = Some(now);
                let known = &mut self.known[at];
                if known.listed {
                    known.stepped_down = true;
                    if known.role == Role::Primary {
                        known.role = Role::Unknown;
                    }
                }
            }
            Happening::Listed(bits) => {
                for (at, known) in self.known.iter_mut().enumerate() {
                    let listed = bits & (1 << at) != 0;
                    if listed != known.listed {
                        *known = Known {
                            listed,
                            ..Known::default()
                        };
                    }
                }
            }
            Happening::Passed(millis) => self.now += Duration::from_millis(millis),
            Happening::Saw(..) | Happening::Failed(_) | Happening::Looked => {}
        }
    }

    fn says_so(&self, at: usize) -> bool {
        self.known[at].listed && self.known[at].role == Role::Primary
    }

    /// Whether leaving the last primary would be too early.
    fn is_held(&self) -> bool {
        let Some(last) = self.last else { return false };
        let settings = TopologySettings::default();
        let early = |at: Instant| self.now < at + settings.switch_pause;
        self.known[last].listed
            && !self.known[last].stepped_down
            && self.switched_at.is_some_and(early)
    }

    fn check(&mut self, happening: &Happening, roles: &Roles, switch: Option<Switch>) {
        let primary = roles.primary().map(|primary| Self::position(primary));
        if let Some(primary) = primary {
            assert!(self.says_so(primary), "{primary} does not say so");
        }
        if let Some(before) = self.primary {
            if self.says_so(before) {
                assert_eq!(primary, Some(before), "left while it said so");
            } else {
                self.alerted_at = Some(self.now);
            }
        }
        let told = matches!(happening, Happening::Saw(at, ..) | Happening::Failed(at)
            if self.known[*at].listed);
        let last_again = self.last.is_some_and(|last| self.says_so(last));
        let anyone = (0..NAMES.len()).any(|at| self.says_so(at));
        if told && (last_again || (anyone && !self.is_held())) {
            assert!(primary.is_some(), "nobody, although somebody says so");
        }
        let changed = primary.filter(|now| self.last.is_some_and(|last| last != *now));
        match (switch, changed) {
            (Some(Switch { from, to }), Some(now)) => {
                assert_eq!(Some(Self::position(&from)), self.last);
                assert_eq!(Self::position(&to), now);
                assert!(!self.is_held(), "too early");
                self.switched_at = Some(self.now);
            }
            (None, None) => {}
            (switch, changed) => panic!("{switch:?} was told, {changed:?} came"),
        }
        if primary.is_some() && primary != self.primary && self.last.is_some() {
            self.alerted_at = Some(self.now);
        }
        self.primary = primary;
        self.last = primary.or(self.last);
        if matches!(happening, Happening::Looked) {
            let alert = |at: Instant| self.now < at + Duration::from_secs(30);
            let first_looks = |at: Instant| self.now < at + Duration::from_millis(500);
            let is_often =
                self.alerted_at.is_some_and(alert) || self.replica_at.is_some_and(first_looks);
            let pause = if is_often {
                Duration::from_millis(100)
            } else {
                Duration::from_secs(30)
            };
            assert_eq!(roles.pause(self.now), pause);
        }
    }

    /// Where a read may go: `None` where it can't go anywhere.
    fn readable(&self, from: ReadFrom) -> BTreeSet<usize> {
        let primary = self.primary.into_iter().collect();
        let replicas = || {
            (0..NAMES.len()).filter(|at| {
                let known = &self.known[*at];
                known.listed && known.role == Role::Replica
            })
        };
        let fit: BTreeSet<usize> = replicas()
            .filter(|at| {
                let banned = self.known[*at].banned_until;
                banned.is_none_or(|until| self.now >= until)
            })
            .collect();
        match from {
            ReadFrom::Primary => primary,
            _ if !fit.is_empty() => fit,
            ReadFrom::PreferReplica if self.primary.is_some() => primary,
            _ => replicas().collect(),
        }
    }
}

fn run(roles: &mut Roles, happening: &Happening, now: Instant) -> Option<Switch> {
    match *happening {
        Happening::Saw(at, role, took, lag) => {
            let mut sighting = Sighting::new(role, Duration::from_millis(took));
            sighting.lag = lag.map(Duration::from_secs);
            roles.saw(NAMES[at], sighting, now)
        }
        Happening::Failed(at) => roles.failed(NAMES[at], now),
        Happening::Refused(at) => {
            roles.write_refused(NAMES[at], now);
            None
        }
        Happening::Listed(bits) => {
            let listed = (0..NAMES.len()).filter(|at| bits & (1 << at) != 0);
            roles.set_endpoints(listed.map(|at| Arc::from(NAMES[at])), now);
            None
        }
        Happening::Looked => {
            roles.looked(0.0, now);
            None
        }
        Happening::Passed(_) => None,
    }
}

proptest! {
    #[test]
    fn roles_and_readers_are_as_the_model_says(
        happenings in proptest::collection::vec(happening(), 1..120),
        from in reading(),
        seed in any::<u64>(),
    ) {
        let now = Instant::now();
        let settings = TopologySettings {
            max_replica_lag: Some(LAG_LIMIT),
            ..TopologySettings::default()
        };
        let mut random = fastrand::Rng::with_seed(seed);
        let mut roles = Roles::new(settings.clone());
        roles.set_endpoints(NAMES.map(Arc::from), now);
        let mut model = Model {
            now,
            known: [Known { listed: true, ..Known::default() }; 3],
            primary: None,
            last: None,
            switched_at: None,
            alerted_at: None,
            replica_at: None,
        };
        for happening in &happenings {
            model.note(happening);
            let switch = run(&mut roles, happening, model.now);
            model.check(happening, &roles, switch);
            if !matches!(happening, Happening::Looked) {
                continue;
            }
            let allowed = model.readable(from);
            let took = |at: &usize| roles.at(NAMES[*at]).and_then(|known| known.round_trip);
            let fastest = allowed.iter().filter_map(took).min();
            let near: BTreeSet<usize> = allowed
                .iter()
                .copied()
                .filter(|at| from == ReadFrom::Primary || Some(*at) == model.primary || {
                    let limit = fastest.map_or(Duration::MAX, |fastest| fastest + settings.near);
                    took(at).is_none_or(|took| took <= limit)
                })
                .collect();
            let load: Vec<usize> = NAMES.iter().map(|name| {
                roles.at(name).map_or(0, |known| known.in_flight.load(Ordering::Relaxed))
            }).collect();
            let drawn = std::cell::RefCell::new(Vec::new());
            let chosen = roles.reader(from, model.now, |below| {
                let number = random.usize(..below);
                drawn.borrow_mut().push(number);
                number
            });
            let Some(chosen) = chosen else {
                prop_assert!(near.is_empty(), "nobody, although {near:?} would do");
                continue;
            };
            let at = Model::position(&chosen.address);
            prop_assert!(near.contains(&at), "{at}, although only {near:?} would do");
            if near.len() == 2 && Some(at) != model.primary {
                let other = near.iter().find(|other| **other != at).unwrap();
                prop_assert!(load[at] <= load[*other], "the one with more in flight");
            }
            // Some stay in flight, so that loads differ.
            chosen.in_flight.fetch_add(1, Ordering::Relaxed);
            if chosen.role == Role::Replica {
                // It is not banned, or none is any more.
                let was_banned = model.known[at].banned_until.is_some_and(|until| model.now < until);
                for known in model.known.iter_mut().filter(|known| was_banned && known.role == Role::Replica) {
                    known.banned_until = None;
                }
            }
        }
    }

    #[test]
    fn a_preference_switches_rarely_and_for_a_reason(
        happenings in proptest::collection::vec((0_usize..3, any::<bool>(), 0_u64..15_000), 1..200),
    ) {
        let start = Instant::now();
        let settings = TopologySettings::default();
        let mut order = Order::new(3, &settings);
        let (mut now, mut current, mut switched_at) = (start, 0, None::<Instant>);
        // Since when each works, if it does; whether its last word was a failure.
        let mut known = [(None::<Instant>, false); 3];
        for (endpoint, works, pause) in happenings {
            now += Duration::from_millis(pause);
            // Time alone may have decided, before anything else happens.
            for step in 0..2 {
                if step == 1 {
                    if works {
                        order.works(endpoint, now);
                        known[endpoint] = (known[endpoint].0.or(Some(now)), false);
                    } else {
                        order.fails(endpoint, now);
                        known[endpoint] = (None, true);
                    }
                }
                let chosen = order.current(now);
                let early = switched_at.is_some_and(|at| now < at + settings.switch_pause);
                if chosen == current {
                    let stuck = known[current].1 && !early;
                    prop_assert!(!stuck, "stayed with {current}, which fails");
                    let back = (0..current).find(|at| {
                        known[*at].0.is_some_and(|since| now >= since + settings.switch_back_after)
                    });
                    prop_assert!(early || back.is_none(), "{back:?} is preferred, and works");
                    continue;
                }
                prop_assert!(!early, "a second switch within 12 s");
                if known[current].1 {
                    let working = (0..3).find(|at| !known[*at].1);
                    prop_assert!(working.is_none_or(|working| working == chosen));
                } else {
                    let long = |since: Instant| now >= since + settings.switch_back_after;
                    prop_assert!(chosen < current && known[chosen].0.is_some_and(long));
                }
                (current, switched_at) = (chosen, Some(now));
            }
        }
    }
}
