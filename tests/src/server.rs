//! What every server here can do: start, be hurt, come back on the same port and data, end.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::HarnessError;
use crate::process::{Launch, Process};

/// How long a server may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A server that may be down for the moment.
#[derive(Debug)]
pub(crate) struct Server {
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

    pub(crate) fn id(&self) -> Result<u32, HarnessError> {
        self.with(Process::id)
    }

    pub(crate) fn log(&self) -> Result<Vec<String>, HarnessError> {
        self.with(Process::log)
    }

    pub(crate) fn freeze(&self) -> Result<(), HarnessError> {
        self.with(Process::freeze)
    }

    pub(crate) fn thaw(&self) -> Result<(), HarnessError> {
        self.with(Process::thaw)
    }

    pub(crate) fn kill(&self) -> Result<(), HarnessError> {
        match self.running().take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }

    pub(crate) fn stop(&self) {
        drop(self.running().take());
    }

    pub(crate) fn restart(&self) -> Result<(), HarnessError> {
        let mut running = self.running();
        drop(running.take());
        *running = Some(Process::start(&self.launch, self.ready, READY_WITHIN)?);
        Ok(())
    }
}
