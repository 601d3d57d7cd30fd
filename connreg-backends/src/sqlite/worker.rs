//! One SQLite connection on a thread of its own, driven by jobs. What the jobs do is the client's.
//!
//! SQLite blocks, so nothing of it runs on the async executor. A caller that lets go of a job's future
//! interrupts the statement that the job is in.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use connreg::{ConnectError, ErrorKind, Sent};
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::open::Target;
use super::threads::Token;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// How many steps of SQLite's machine lie between two looks at whether the caller has gone.
const STEPS_BETWEEN_LOOKS: i32 = 4_000;

/// The sending end of a connection's thread; the thread closes the connection when it is dropped.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    interrupt: Arc<InterruptHandle>,
    unusable: Arc<AtomicBool>,
}

impl Worker {
    /// Opens `target` on a new thread.
    pub(super) async fn open(target: Arc<Target>, token: Token) -> Result<Self, ConnectError> {
        let (opened, is_open) = oneshot::channel();
        let (jobs, queue) = mpsc::channel::<Job>();
        let serve = move || match target.open() {
            Ok(mut connection) => {
                let handle = connection.get_interrupt_handle();
                if opened.send(Ok(handle)).is_ok() {
                    for job in queue {
                        job(&mut connection);
                    }
                }
                drop(connection);
                // Whoever waits for the end waits for all of it.
                drop(token);
            }
            // Nobody to tell means that nobody waits.
            Err(error) => drop(opened.send(Err(error))),
        };
        thread::Builder::new()
            .name("connreg-sqlite".into())
            .spawn(serve)
            .map_err(|error| ConnectError::from_io("starting a thread for the database", error))?;
        let interrupt = is_open.await.map_err(|_| gone())??;
        Ok(Self {
            jobs,
            interrupt: Arc::new(interrupt),
            unusable: Arc::default(),
        })
    }

    /// Whether the connection can't go to another caller: its thread has ended, or a job left a transaction open.
    pub(super) fn is_unusable(&self) -> bool {
        self.unusable.load(Ordering::Acquire)
    }

    /// Runs `work` on the connection's thread. Dropping the future interrupts it.
    ///
    /// A panic in `work` goes on in the caller.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, ConnectError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> T + Send + 'static,
    {
        let (sender, outcome) = oneshot::channel();
        let caller = Caller {
            phase: Arc::default(),
            interrupt: Arc::clone(&self.interrupt),
        };
        let phase = Arc::clone(&caller.phase);
        let unusable = Arc::clone(&self.unusable);
        let job = move |connection: &mut Connection| {
            if !phase.begin() {
                return;
            }
            let looked_at = Arc::clone(&phase);
            let watch = move || looked_at.is_cancelled();
            let watched = connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(watch));
            debug_assert!(watched.is_ok(), "an open connection takes a handler");
            let result = catch_unwind(AssertUnwindSafe(|| work(connection)));
            let cleared = connection.progress_handler(0, None::<fn() -> bool>);
            phase.end();
            if result.is_err() || cleared.is_err() || !connection.is_autocommit() {
                unusable.store(true, Ordering::Release);
            }
            drop(sender.send(result));
        };
        if self.jobs.send(Box::new(job)).is_err() {
            self.unusable.store(true, Ordering::Release);
            return Err(gone());
        }
        match outcome.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => {
                self.unusable.store(true, Ordering::Release);
                Err(gone())
            }
        }
    }
}

fn gone() -> ConnectError {
    ConnectError::new(ErrorKind::Closed, "the database's thread has ended").with_sent(Sent::Unknown)
}

/// Where a job is, as its caller and its thread both see it.
#[derive(Default)]
struct Phase(Mutex<Step>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Queued,
    Running,
    Done,
    Cancelled,
}

impl Phase {
    fn change<T>(&self, act: impl FnOnce(&mut Step) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn begin(&self) -> bool {
        self.change(|step| {
            let wanted = *step == Step::Queued;
            if wanted {
                *step = Step::Running;
            }
            wanted
        })
    }

    fn end(&self) {
        self.change(|step| *step = Step::Done);
    }

    fn is_cancelled(&self) -> bool {
        self.change(|step| *step == Step::Cancelled)
    }
}

/// The caller's end of a job: dropped early, it stops the job and no later one.
struct Caller {
    phase: Arc<Phase>,
    interrupt: Arc<InterruptHandle>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.phase.change(|step| {
            // Under the lock, so that the job can't end and the next begin between look and act.
            if *step == Step::Running {
                self.interrupt.interrupt();
            }
            if *step != Step::Done {
                *step = Step::Cancelled;
            }
        });
    }
}
