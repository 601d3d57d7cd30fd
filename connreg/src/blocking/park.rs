//! Waiting for a future on the calling thread, which sleeps until it is woken.
//!
//! Not `Runtime::block_on`, which panics where it thinks that a thread must not wait.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::task::coop::consume_budget;

use crate::error::{Error, ErrorKind};

/// Wakes a thread.
struct Alarm {
    thread: Thread,
    /// The thread's own token may be taken by another who parks on it.
    rung: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// The output of `future`, or `None` at `deadline`.
pub(super) fn wait_until<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    let alarm = Arc::new(Alarm {
        thread: thread::current(),
        rung: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&alarm));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        while !alarm.rung.swap(false, Ordering::Acquire) {
            match deadline {
                None => thread::park(),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    thread::park_timeout(left);
                }
            }
        }
    }
}

/// Makes sure that this thread may wait, for the connection called `name` or for all.
pub(super) fn may_wait(name: Option<&str>) -> Result<(), Error> {
    if !is_async() {
        return Ok(());
    }
    let subject = name.map_or_else(String::new, |name| format!("connection `{name}`: "));
    let message = format!(
        "{subject}a call of `connreg::blocking` within async code, whose thread must not wait"
    );
    let help =
        "use `connreg::Connections` there, or move the call into `tokio::task::spawn_blocking`";
    let error = Error::usage(ErrorKind::Configuration, message, Some(help.to_owned()));
    Err(match name {
        Some(name) => error.for_name(&name.into()),
        None => error,
    })
}

/// Whether a runtime polls a task on this thread at the moment.
///
/// To be within a runtime says too little, since the threads of `spawn_blocking` are as well. What sets a task apart is
/// its budget of steps between two rests; who may wait has none. It is counted in a `u8`, and an async caller's is used
/// up here, which makes it rest earlier.
fn is_async() -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    (0..=u8::MAX).any(|_| pin!(consume_budget()).poll(&mut context).is_pending())
}
