//! The threads that connections work on while their users wait.

use std::sync::Arc;

use tokio::runtime::Builder;

use super::park;
use crate::error::{Error, ErrorKind};

/// One for deadlines and checks while another is held up by a client.
const THREADS: usize = 2;

/// Two threads, called `connreg`, that end when this is dropped.
pub(super) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(super) fn new() -> Result<Arc<Self>, Error> {
        let built = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("connreg")
            .enable_all()
            .build();
        let runtime = built.map_err(|error| {
            let message = format!("no threads for blocking connections could be had: {error}");
            Error::usage(ErrorKind::Other, message, None)
        })?;
        Ok(Arc::new(Self(Some(runtime))))
    }

    /// Waits for the output of `future`, which runs on this thread.
    pub(super) fn wait<F: Future>(&self, future: F) -> Result<F::Output, Error> {
        park::may_wait(None)?;
        Ok(self.park(future))
    }

    /// As [`wait`](Self::wait), for the connection called `name`, where the output is a result itself.
    pub(super) fn run<V, E: From<Error>>(
        &self,
        name: &str,
        future: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        park::may_wait(Some(name))?;
        self.park(future)
    }

    /// Runs what waits for nothing, but needs a runtime about it.
    pub(super) fn within<V>(&self, act: impl FnOnce() -> V) -> V {
        let _entered = self.0.as_ref().map(tokio::runtime::Runtime::enter);
        act()
    }

    fn park<F: Future>(&self, future: F) -> F::Output {
        self.within(|| match park::wait_until(future, None) {
            Some(output) => output,
            None => unreachable!("without a deadline it is waited for the output"),
        })
    }
}

impl Drop for Runtime {
    /// Waits for nothing, so that it may happen anywhere: in async code and on the threads themselves.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
