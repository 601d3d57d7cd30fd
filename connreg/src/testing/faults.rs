//! Failures on command: what the next calls of a connection do, and what was called.

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

use super::behaviour::{Behaviour, Call, Outcome};
use crate::error::{ConnectError, ErrorKind, Sent};

/// The seed where none is given: a test that passes today draws the same tomorrow.
const SEED: u64 = 0x00C0_FFEE;

/// A handle on the faults of a connection, to switch them on and off while it is used. Clones are one.
///
/// [`Builder::with_faults`](crate::Builder::with_faults) puts them between a connection, whatever its type, and
/// whoever uses it; [`Builder::with_scripted`](crate::Builder::with_scripted) makes a connection that needs no server.
/// Nothing is injected until something is set. Breaker, retry, deadlines, health and events take injected faults for
/// real ones. What is done with the bare client that `client()` gives passes by.
///
/// # Examples
///
/// ```
/// use connreg::testing::{Behaviour, Call, Faults, Scripted};
/// use connreg::{Connections, Error};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Error> {
/// let faults = Faults::new();
/// let connections = Connections::builder()
///     .with_scripted("orders", &faults)
///     .load()
///     .await?;
/// let orders = connections.get::<Scripted>("orders")?;
///
/// faults.next(Call::Run, [Behaviour::refuse(), Behaviour::work()]);
/// orders.run_idempotent(async |_client| Ok::<_, Error>(())).await?;
/// assert_eq!(faults.calls(Call::Run), 2); // the second attempt got through
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Faults(Arc<Inner>);

struct Inner {
    script: Mutex<Script>,
    counts: watch::Sender<Counts>,
}

struct Script {
    calls: [Behaviours; Call::ALL.len()],
    random: fastrand::Rng,
    /// Where calls wait that were told to.
    gate: Arc<Semaphore>,
}

#[derive(Clone, Default)]
struct Behaviours {
    next: VecDeque<Behaviour>,
    then: Behaviour,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    begun: [usize; Call::ALL.len()],
    injected: [usize; Call::ALL.len()],
    open: usize,
}

impl Faults {
    /// No faults yet. Random choices are the same in each run of a program.
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(SEED)
    }

    /// As [`new`](Self::new), with random choices that follow from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let script = Script {
            calls: Default::default(),
            random: fastrand::Rng::with_seed(seed),
            gate: gate(),
        };
        Self(Arc::new(Inner {
            script: Mutex::new(script),
            counts: watch::Sender::new(Counts::default()),
        }))
    }

    /// From now on calls of this kind do `behaviour`, after those that [`next`](Self::next) says.
    pub fn set(&self, call: Call, behaviour: Behaviour) {
        self.script().calls[call as usize].then = behaviour;
    }

    /// From now on all calls do `behaviour`, except that clients can be closed: the server is down, or frozen.
    pub fn set_all(&self, behaviour: Behaviour) {
        let mut script = self.script();
        for call in [Call::Open, Call::Check, Call::Run] {
            script.calls[call as usize].then = behaviour;
        }
    }

    /// The next calls of this kind do `behaviours`, one each, after those that were said before.
    pub fn next(&self, call: Call, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.script().calls[call as usize].next.extend(behaviours);
    }

    /// From now on all calls work, and those that wait go on.
    pub fn clear(&self) {
        let mut script = self.script();
        script.calls = Default::default();
        std::mem::replace(&mut script.gate, gate()).close();
    }

    /// Lets `calls` go on that were told to [wait](Behaviour::wait), now or later.
    pub fn release(&self, calls: usize) {
        self.script().gate.add_permits(calls);
    }

    /// How many calls of this kind have begun.
    #[must_use]
    pub fn calls(&self, call: Call) -> usize {
        self.0.counts.borrow().begun[call as usize]
    }

    /// How many calls of this kind were made to fail, hang, wait or panic; those that were only slow don't count.
    #[must_use]
    pub fn injected(&self, call: Call) -> usize {
        self.0.counts.borrow().injected[call as usize]
    }

    /// How many clients there are: opened, and not dropped yet.
    #[must_use]
    pub fn open_clients(&self) -> usize {
        self.0.counts.borrow().open
    }

    /// Waits until so many calls of this kind have begun, in all; for as long as that takes, so put a `timeout` around it.
    pub async fn reach(&self, call: Call, calls: usize) {
        self.until(|counts| counts.begun[call as usize] >= calls)
            .await;
    }

    /// Waits until there are just so many clients; for as long as that takes, so put a `timeout` around it.
    pub async fn settle(&self, clients: usize) {
        self.until(|counts| counts.open == clients).await;
    }

    /// Does what the next call of this kind is told, around no work: for a back end of a test's own.
    ///
    /// # Errors
    ///
    /// The fault that was injected.
    ///
    /// # Panics
    ///
    /// It was told to.
    pub async fn act(&self, call: Call) -> Result<(), ConnectError> {
        self.around(call, async || Ok(()), |error| error).await
    }

    /// Counts an open client until the guard is dropped: for a back end of a test's own.
    #[must_use]
    pub fn client(&self) -> OpenClient {
        self.0.counts.send_modify(|counts| counts.open += 1);
        OpenClient(self.clone())
    }

    /// Has `work` done as the next call of this kind is told.
    pub(crate) async fn around<V, E, Fut: Future<Output = Result<V, E>>>(
        &self,
        call: Call,
        work: impl FnOnce() -> Fut,
        told: impl FnOnce(ConnectError) -> E,
    ) -> Result<V, E> {
        let (behaviour, latency, outcome, gate) = self.begin(call);
        if !latency.is_zero() {
            sleep(latency).await;
        }
        match outcome {
            Outcome::Work => {}
            // Closed by `clear`, it lets everybody pass.
            Outcome::Wait => {
                if let Ok(turn) = gate.acquire().await {
                    turn.forget();
                }
            }
            Outcome::Fail(kind) => return Err(told(behaviour.error(call, kind, Sent::No))),
            Outcome::LoseAnswer => {
                work().await?;
                let error = behaviour.error(call, ErrorKind::Refused, Sent::Yes);
                return Err(told(error));
            }
            Outcome::Hang => pending().await,
            Outcome::Panic => panic!("injected fault: `{call}` panics"),
        }
        work().await
    }

    /// Takes and counts the next call's behaviour.
    fn begin(&self, call: Call) -> (Behaviour, Duration, Outcome, Arc<Semaphore>) {
        let mut script = self.script();
        let behaviours = &mut script.calls[call as usize];
        let behaviour = behaviours.next.pop_front().unwrap_or(behaviours.then);
        let (latency, outcome) = behaviour.draw(&mut script.random);
        let gate = Arc::clone(&script.gate);
        drop(script);
        self.0.counts.send_modify(|counts| {
            counts.begun[call as usize] += 1;
            counts.injected[call as usize] += usize::from(outcome != Outcome::Work);
        });
        (behaviour, latency, outcome, gate)
    }

    async fn until(&self, reached: impl FnMut(&Counts) -> bool + Send) {
        let mut counts = self.0.counts.subscribe();
        // The sender lives as long as this handle.
        let _ = counts.wait_for(reached).await;
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        // Nothing panics while it is held.
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

impl Default for Faults {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faults")
            .field(&*self.0.counts.borrow())
            .finish()
    }
}

/// A client that [`Faults`] count as open, until this is dropped.
#[derive(Debug)]
pub struct OpenClient(Faults);

impl OpenClient {
    /// The faults that count it.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.0
    }
}

impl Drop for OpenClient {
    fn drop(&mut self) {
        self.0.0.counts.send_modify(|counts| counts.open -= 1);
    }
}
