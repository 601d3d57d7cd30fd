//! The breaker against a simple model, against every order of events, and under a model checker.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::CircuitBreakerSettings;
use super::core::Core;
use super::machine::{Machine, Ticket};
use super::sync::{Locked, Primitives, Standard, Word};
use crate::event::BreakerState;

const WINDOW: Duration = Duration::from_mins(1);
const RECOVERY: Duration = Duration::from_secs(30);

fn settings(failure_threshold: u32, success_threshold: u32) -> CircuitBreakerSettings {
    CircuitBreakerSettings {
        failure_threshold,
        failure_window: WINDOW,
        recovery_timeout: RECOVERY,
        success_threshold,
        ..CircuitBreakerSettings::default()
    }
}

fn admitted(machine: &mut Machine, now: Instant) -> Ticket {
    machine.acquire(now).expect("let through").0
}

fn opened(machine: &mut Machine, now: Instant) {
    let ticket = admitted(machine, now);
    while machine.state() == BreakerState::Closed {
        machine.failed(ticket, now);
    }
}

#[test]
fn failures_within_the_window_open_it_and_older_ones_do_not() {
    let start = Instant::now();
    let mut machine = Machine::new(settings(3, 1));
    let ticket = admitted(&mut machine, start);
    machine.failed(ticket, start);
    machine.failed(ticket, start + WINDOW / 2);
    machine.failed(ticket, start + WINDOW);
    assert_eq!(
        machine.state(),
        BreakerState::Closed,
        "the first is too old"
    );
    machine.failed(ticket, start + WINDOW);
    assert_eq!(machine.state(), BreakerState::Open);
}

#[test]
fn an_open_one_says_when_to_come_back_and_lets_one_through_then() {
    let start = Instant::now();
    let mut machine = Machine::new(settings(1, 2));
    opened(&mut machine, start);
    let rejected = machine.acquire(start + RECOVERY / 3).unwrap_err();
    assert_eq!(rejected.retry_after, Some(RECOVERY / 3 * 2));
    let later = start + RECOVERY;
    let probe = admitted(&mut machine, later);
    assert!(machine.acquire(later).is_err(), "one at a time");
    machine.succeeded(probe);
    assert_eq!(machine.state(), BreakerState::HalfOpen, "one is not enough");
    let probe = admitted(&mut machine, later);
    machine.succeeded(probe);
    assert_eq!(machine.state(), BreakerState::Closed);
}

#[test]
fn a_failed_probe_opens_it_again_for_the_whole_time() {
    let start = Instant::now();
    let mut machine = Machine::new(settings(1, 1));
    opened(&mut machine, start);
    let later = start + RECOVERY * 2;
    let probe = admitted(&mut machine, later);
    machine.failed(probe, later);
    assert_eq!(machine.state(), BreakerState::Open);
    assert!(machine.acquire(later + RECOVERY / 2).is_err());
    assert!(machine.acquire(later + RECOVERY).is_ok());
}

#[test]
fn a_probe_that_never_ends_keeps_nobody_out() {
    let start = Instant::now();
    let mut machine = Machine::new(settings(1, 1));
    opened(&mut machine, start);
    let lost = admitted(&mut machine, start + RECOVERY);
    let next = admitted(&mut machine, start + RECOVERY * 2);
    machine.failed(lost, start + RECOVERY * 2);
    assert_eq!(
        machine.state(),
        BreakerState::HalfOpen,
        "what is taken for lost tells nothing any more"
    );
    machine.succeeded(next);
    assert_eq!(machine.state(), BreakerState::Closed);
}

/// The rules once more, as plainly as can be: nothing is forgotten, everything is counted anew.
struct Model {
    state: BreakerState,
    threshold: usize,
    needed: usize,
    failures: Vec<Instant>,
    opened_at: Instant,
    successes: usize,
    /// Numbers the phases, so that a permit's belongs to one.
    phase: usize,
    probe: Option<(usize, Instant)>,
}

/// A permit: the phase it is of, and its own number where it is a probe.
#[derive(Clone, Copy, Debug)]
struct Held {
    ticket: Ticket,
    phase: usize,
    number: usize,
}

impl Model {
    fn go(&mut self, state: BreakerState) {
        self.state = state;
        self.phase += 1;
        self.failures.clear();
        self.successes = 0;
        self.probe = None;
    }

    /// Whether work is let through, and in which phase.
    fn acquire(&mut self, number: usize, now: Instant) -> bool {
        if self.state == BreakerState::Open && now >= self.opened_at + RECOVERY {
            self.go(BreakerState::HalfOpen);
        }
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            BreakerState::HalfOpen => {
                let free = self.probe.is_none_or(|(_, since)| now >= since + RECOVERY);
                if free {
                    self.probe = Some((number, now));
                }
                free
            }
        }
    }

    fn counts(&self, held: Held) -> bool {
        held.phase == self.phase
            && match self.state {
                BreakerState::HalfOpen => {
                    self.probe.is_some_and(|(number, _)| number == held.number)
                }
                _ => true,
            }
    }

    fn succeeded(&mut self, held: Held) {
        if self.counts(held) && self.state == BreakerState::HalfOpen {
            self.probe = None;
            self.successes += 1;
            if self.successes == self.needed {
                self.go(BreakerState::Closed);
            }
        }
    }

    fn failed(&mut self, held: Held, now: Instant) {
        if !self.counts(held) {
            return;
        }
        self.failures.push(now);
        let recent = self.failures.iter().filter(|at| now - **at < WINDOW);
        if self.state == BreakerState::HalfOpen || recent.count() >= self.threshold {
            self.opened_at = now;
            self.go(BreakerState::Open);
        }
    }

    fn given_back(&mut self, held: Held) {
        if self.counts(held) && self.state == BreakerState::HalfOpen {
            self.probe = None;
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Acquire,
    Succeed(prop::sample::Index),
    Fail(prop::sample::Index),
    Drop(prop::sample::Index),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Acquire),
        2 => any::<prop::sample::Index>().prop_map(Act::Succeed),
        3 => any::<prop::sample::Index>().prop_map(Act::Fail),
        1 => any::<prop::sample::Index>().prop_map(Act::Drop),
        2 => (0_u64..40).prop_map(Act::Pass),
    ]
}

proptest! {
    #[test]
    fn it_does_as_the_model_does(
        threshold in 1_u32..5,
        needed in 1_u32..4,
        acts in prop::collection::vec(act(), 1..200),
    ) {
        let mut now = Instant::now();
        let mut machine = Machine::new(settings(threshold, needed));
        let mut model = Model {
            state: BreakerState::Closed,
            threshold: threshold as usize,
            needed: needed as usize,
            failures: Vec::new(),
            opened_at: now,
            successes: 0,
            phase: 0,
            probe: None,
        };
        let mut held: Vec<Held> = Vec::new();
        for (number, act) in acts.into_iter().enumerate() {
            let take = |held: &mut Vec<Held>, index: prop::sample::Index| {
                (!held.is_empty()).then(|| held.swap_remove(index.index(held.len())))
            };
            match act {
                Act::Acquire => {
                    let through = model.acquire(number, now);
                    let got = machine.acquire(now);
                    prop_assert_eq!(got.is_ok(), through);
                    if let Ok((ticket, _)) = got {
                        held.push(Held { ticket, phase: model.phase, number });
                    }
                }
                Act::Succeed(index) => if let Some(one) = take(&mut held, index) {
                    model.succeeded(one);
                    machine.succeeded(one.ticket);
                },
                Act::Fail(index) => if let Some(one) = take(&mut held, index) {
                    model.failed(one, now);
                    machine.failed(one.ticket, now);
                },
                Act::Drop(index) => if let Some(one) = take(&mut held, index) {
                    model.given_back(one);
                    machine.given_back(one.ticket);
                },
                Act::Pass(seconds) => now += Duration::from_secs(seconds),
            }
            prop_assert_eq!(machine.state(), model.state);
        }
        // Whatever happened, and whoever never came back: it is not stuck.
        prop_assert!(machine.acquire(now + RECOVERY).is_ok());
    }
}

#[test]
fn a_permit_that_is_dropped_is_given_back() {
    let start = Instant::now();
    let core = Core::<Standard>::new(settings(1, 1));
    let (admission, _) = core.acquire(|| start).unwrap();
    admission.failed(start);
    let later = start + RECOVERY;
    let (probe, _) = core.acquire(|| later).unwrap();
    assert!(core.acquire(|| later).is_err());
    drop(probe);
    let (probe, _) = core.acquire(|| later).unwrap();
    probe.succeeded();
    assert_eq!(core.state(), BreakerState::Closed);
}

/// The model checker's atomic word and lock.
#[derive(Debug)]
enum Shuttle {}

impl Primitives for Shuttle {
    type Word = shuttle::sync::atomic::AtomicU64;
    type Locked = shuttle::sync::Mutex<Machine>;
}

impl Word for shuttle::sync::atomic::AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self) -> u64 {
        self.load(std::sync::atomic::Ordering::Acquire)
    }

    fn store(&self, value: u64) {
        self.store(value, std::sync::atomic::Ordering::Release);
    }
}

impl Locked for shuttle::sync::Mutex<Machine> {
    fn new(machine: Machine) -> Self {
        Self::new(machine)
    }

    fn with<R>(&self, act: impl FnOnce(&mut Machine) -> R) -> R {
        act(&mut self.lock().expect("nothing panics while it is held"))
    }
}

/// Threads that take permits as they can, and end each in one of three ways.
fn threads_on_one_breaker() {
    use shuttle::rand::{Rng as _, thread_rng};
    use shuttle::sync::Arc;
    use shuttle::sync::atomic::{AtomicUsize, Ordering};

    let start = Instant::now();
    let core = Arc::new(Core::<Shuttle>::new(settings(2, 2)));
    let probing = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (core, probing) = (Arc::clone(&core), Arc::clone(&probing));
            shuttle::thread::spawn(move || {
                let mut now = start;
                for _ in 0..4 {
                    // Less than a lost probe takes, so that two at a time are a mistake.
                    now += RECOVERY / 5;
                    let Ok((admission, _)) = core.acquire(|| now) else {
                        // An open one lets the next round see whether the server is back.
                        now += RECOVERY / 10;
                        continue;
                    };
                    let probe = admission.is_probe();
                    if probe {
                        let others = probing.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(others, 0, "two probes at a time");
                    }
                    shuttle::thread::yield_now();
                    if probe {
                        probing.fetch_sub(1, Ordering::SeqCst);
                    }
                    match thread_rng().gen_range(0..3) {
                        0 => drop(admission.succeeded()),
                        1 => drop(admission.failed(now)),
                        _ => drop(admission),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let much_later = start + RECOVERY * 10;
    let mut rounds = 0;
    while core.state() != BreakerState::Closed {
        let (admission, _) = core.acquire(|| much_later).expect("it is not stuck");
        admission.succeeded();
        rounds += 1;
        assert!(rounds <= 2, "two successes close it");
    }
    let (admission, _) = core
        .acquire(|| much_later)
        .expect("a closed one lets through");
    assert!(!admission.is_probe(), "the word and the machine agree");
}

#[test]
fn no_order_of_threads_lets_two_probes_in_or_gets_it_stuck() {
    shuttle::check_random(threads_on_one_breaker, 2_000);
    shuttle::check_pct(threads_on_one_breaker, 1_000, 3);
}
