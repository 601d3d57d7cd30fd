//! What every server here can do: start, be hurt, come back on the same port and data, end.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{HarnessError, or_panic};
use crate::process::{Launch, Process};

/// How long a server may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A server that may be down for the moment.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    ready: &'static str,
    running: Mutex<Option<Process>>,
}

impl Server {
    /// Starts a server and waits for the line that says that it answers.
    pub(crate) fn start(launch: Launch, ready: &'static str) -> Result<Self, HarnessError> {
        let process = Process::start(&launch, ready, READY_WITHIN)?;
        Ok(Self {
            launch,
            ready,
            running: Mutex::new(Some(process)),
        })
    }

    fn running(&self) -> MutexGuard<'_, Option<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&Process) -> T) -> Result<T, HarnessError> {
        self.running().as_ref().map(act).ok_or_else(|| {
            HarnessError::Failed(format!("{} is down: restart it first", self.launch.name))
        })
    }

    fn try_kill(&self) -> Result<(), HarnessError> {
        match self.running().take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }

    fn try_restart(&self) -> Result<(), HarnessError> {
        let mut running = self.running();
        drop(running.take());
        *running = Some(Process::start(&self.launch, self.ready, READY_WITHIN)?);
        Ok(())
    }

    /// The process id; of Postgres, the postmaster's.
    ///
    /// # Panics
    ///
    /// When the server is down.
    pub fn id(&self) -> u32 {
        or_panic(self.with(Process::id))
    }

    /// What the server wrote since it was last started, the last 10,000 lines of it (the fault proxy: 100).
    ///
    /// # Panics
    ///
    /// When the server is down.
    pub fn log(&self) -> Vec<String> {
        or_panic(self.with(Process::log))
    }

    /// `kill -9` of the process and all its children; returns when they are gone.
    ///
    /// # Panics
    ///
    /// When one can't be killed.
    pub fn kill(&self) {
        or_panic(self.try_kill());
    }

    /// Starts it again, on the same port and data, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not come back; the message has its log.
    pub fn restart(&self) {
        or_panic(self.try_restart());
    }

    /// `SIGSTOP`: sockets stay open, nothing answers.
    ///
    /// # Panics
    ///
    /// When the server is down.
    pub fn freeze(&self) {
        or_panic(self.with(Process::freeze));
    }

    /// `SIGCONT`, after [`Self::freeze`].
    ///
    /// # Panics
    ///
    /// When the server is down.
    pub fn thaw(&self) {
        or_panic(self.with(Process::thaw));
    }

    /// Ends it as an administrator in a hurry would: clients are told.
    pub fn stop(&self) {
        drop(self.running().take());
    }
}
