//! Any sequence of what can be done to a connection, compared with a model of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use connreg::{Connection, Connections, Error, ErrorKind, State};
use proptest::prelude::*;

use crate::scripted::{Behaviour, Call, Faults, Scripted, faults_of, load, settles};

/// How many failed checks in a row are too many.
const THRESHOLD: u32 = 2;

#[derive(Clone, Copy, Debug)]
enum Step {
    Client,
    Open,
    Check,
    Reconnect,
    Ensure,
    Break,
    Mend,
    Wait(u16),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Client),
        2 => Just(Step::Open),
        6 => Just(Step::Check),
        3 => Just(Step::Reconnect),
        2 => Just(Step::Ensure),
        3 => Just(Step::Break),
        3 => Just(Step::Mend),
        3 => (1..20_000_u16).prop_map(Step::Wait),
        1 => Just(Step::Close),
    ]
}

/// What a connection should be.
#[derive(Debug)]
struct Model {
    works: bool,
    open: bool,
    state: State,
    /// Checks in a row that ended alike, and whether they failed.
    streak: (u32, bool),
    /// The last attempt failed.
    down: bool,
    attempts: usize,
}

impl Model {
    fn attempt(&mut self) -> bool {
        self.attempts += 1;
        self.down = !self.works;
        if self.works {
            self.open = true;
            self.streak = (0, false);
        }
        self.state = match (self.works, self.open) {
            (true, _) => State::Connected,
            (false, true) => State::Unhealthy,
            (false, false) => State::Failed,
        };
        self.works
    }

    fn check(&mut self) -> bool {
        if !self.open && !self.attempt() {
            return false;
        }
        let (length, failed) = self.streak;
        let length = if failed == self.works { 1 } else { length + 1 };
        self.streak = (length, !self.works);
        if self.works {
            self.down = false;
            self.state = State::Connected;
        } else if length >= THRESHOLD {
            self.state = State::Unhealthy;
        }
        self.works
    }
}

struct Tested {
    connections: Connections,
    handle: Connection<Scripted>,
    script: Faults,
    model: Model,
}

impl Tested {
    async fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let script = format!("model{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let connections = load(&[
            ("it.type", "scripted"),
            ("it.script", &script),
            ("it.health_check.enabled", "false"),
            ("it.health_check.failure_threshold", &THRESHOLD.to_string()),
        ])
        .await;
        Self {
            handle: connections.get("it").unwrap(),
            connections,
            script: faults_of(&script),
            model: Model {
                works: true,
                open: false,
                state: State::Initialized,
                streak: (0, false),
                down: false,
                attempts: 0,
            },
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Break => {
                self.model.works = false;
                self.script.set_all(Behaviour::refuse());
            }
            Step::Mend => {
                self.model.works = true;
                self.script.set_all(Behaviour::work());
            }
            Step::Wait(millis) => tokio::time::advance(Duration::from_millis(millis.into())).await,
            Step::Close => {
                self.connections.close().await;
                self.model.open = false;
                self.model.state = State::Closed;
            }
            step if self.model.state == State::Closed => {
                let error = self.call(step).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Closed);
            }
            Step::Client if self.model.open => self.handle.client().await.map(drop).unwrap(),
            Step::Client => {
                let before = self.script.calls(Call::Open);
                let outcome = self.call(step).await;
                if self.script.calls(Call::Open) == before {
                    assert!(self.model.down, "refused for no reason");
                    let error = outcome.unwrap_err();
                    assert!(error.to_string().contains("known to be down"), "{error}");
                    assert!(error.retry_after().unwrap() <= Duration::from_secs(30));
                } else {
                    assert_eq!(outcome.is_ok(), self.model.attempt());
                }
            }
            Step::Open => {
                let expected = self.model.open || self.model.attempt();
                assert_eq!(self.call(step).await.is_ok(), expected);
            }
            Step::Check => {
                let expected = self.model.check();
                assert_eq!(self.call(step).await.is_ok(), expected);
            }
            Step::Reconnect => {
                let expected = self.model.attempt();
                assert_eq!(self.call(step).await.is_ok(), expected);
            }
            Step::Ensure => {
                let checked = self.model.check();
                let expected = checked || (self.model.open && self.model.attempt());
                assert_eq!(self.call(step).await.is_ok(), expected);
            }
        }
        self.compare(step).await;
    }

    async fn call(&self, step: Step) -> Result<(), Error> {
        match step {
            Step::Client => self.handle.client().await.map(drop),
            Step::Open => self.handle.as_any().open().await,
            Step::Check => self.handle.check().await,
            Step::Reconnect => self.handle.reconnect().await,
            Step::Ensure => self.handle.ensure_connected().await,
            Step::Break | Step::Mend | Step::Wait(_) | Step::Close => Ok(()),
        }
    }

    async fn compare(&self, step: Step) {
        let (handle, model) = (&self.handle, &self.model);
        assert_eq!(handle.state(), model.state, "after {step:?}: {model:?}");
        assert_eq!(*handle.watch().borrow(), model.state);
        let open = usize::from(model.open);
        settles(&self.script, open).await;
        assert_eq!(self.script.calls(Call::Open), model.attempts);
        let made = handle.info().connects;
        let closed = self.script.calls(Call::Close) as u64;
        assert_eq!(made - closed, open as u64, "opened less closed is open");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_connection_does_as_its_model(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut tested = Tested::new().await;
            for step in steps {
                tested.take(step).await;
            }
        });
    }
}
