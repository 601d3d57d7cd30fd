//! Callers in a closed loop, and what became of each of their calls.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;

/// The number that the server gave back, or why there is none.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Result<i64, String>> + Send + 'a>>;

/// Whatever sends a number to a server and gets it back.
pub(crate) trait Echo: Send + Sync + 'static {
    fn echo(&self, number: i64) -> Answer<'_>;
}

/// One call that ended.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right,
    /// Another number than the one that was sent.
    Wrong,
    Failed(String),
}

/// Callers that go on until they are stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    calls: Arc<Mutex<Vec<Call>>>,
    tasks: JoinSet<()>,
}

/// How long a caller rests after a failure, as most programs would.
const REST: Duration = Duration::from_millis(5);

impl Load {
    pub(crate) fn start(echo: &Arc<dyn Echo>, callers: i64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let (echo, stop, calls) = (Arc::clone(echo), Arc::clone(&stop), Arc::clone(&calls));
            tasks.spawn(async move {
                let mut number = caller * 1_000_000_000;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    let began = Instant::now();
                    let outcome = match echo.echo(number).await {
                        Ok(answer) if answer == number => Outcome::Right,
                        Ok(_) => Outcome::Wrong,
                        Err(error) => Outcome::Failed(error),
                    };
                    let failed = matches!(outcome, Outcome::Failed(_));
                    calls
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(Call {
                            began,
                            took: began.elapsed(),
                            outcome,
                        });
                    if failed {
                        tokio::time::sleep(REST).await;
                    }
                }
            });
        }
        Self { stop, calls, tasks }
    }

    /// Whether a call that ended at `moment` or later has succeeded.
    pub(crate) fn has_recovered(&self, moment: Instant) -> bool {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        recovered_after(&calls, moment).is_some()
    }

    /// Lets every call end, for ten seconds at the most; calls that hang longer are told by their number.
    pub(crate) async fn finish(mut self) -> Calls {
        self.stop.store(true, Ordering::Relaxed);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(Duration::from_secs(10), all).await;
        let hanging = self.tasks.len();
        self.tasks.shutdown().await;
        let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        Calls { calls, hanging }
    }
}

fn recovered_after(calls: &[Call], moment: Instant) -> Option<Duration> {
    calls
        .iter()
        .filter(|call| call.outcome == Outcome::Right)
        .map(|call| call.began + call.took)
        .filter(|ended| *ended >= moment)
        .min()
        .map(|ended| ended - moment)
}

/// What became of all calls of a load.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) calls: Vec<Call>,
    pub(crate) hanging: usize,
}

impl Calls {
    pub(crate) fn wrong(&self) -> usize {
        self.count(|call| call.outcome == Outcome::Wrong)
    }

    pub(crate) fn failed(&self) -> usize {
        self.count(|call| matches!(call.outcome, Outcome::Failed(_)))
    }

    pub(crate) fn right(&self) -> usize {
        self.count(|call| call.outcome == Outcome::Right)
    }

    /// The first few different errors.
    pub(crate) fn errors(&self) -> Vec<&str> {
        let mut errors: Vec<&str> = Vec::new();
        for call in &self.calls {
            match &call.outcome {
                Outcome::Failed(error) if errors.len() < 5 && !errors.contains(&&**error) => {
                    errors.push(error);
                }
                _ => {}
            }
        }
        errors
    }

    /// How long after `moment` the first call that ended then or later succeeded.
    pub(crate) fn recovered_after(&self, moment: Instant) -> Option<Duration> {
        recovered_after(&self.calls, moment)
    }

    /// The longest call.
    pub(crate) fn slowest(&self) -> Duration {
        self.calls
            .iter()
            .map(|call| call.took)
            .max()
            .unwrap_or_default()
    }

    fn count(&self, is: impl Fn(&Call) -> bool) -> usize {
        self.calls.iter().filter(|call| is(call)).count()
    }
}
