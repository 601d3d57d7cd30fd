//! The threads of one client's connections, counted, so that closing can wait for the last.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connreg::{ConnectError, ErrorKind};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::time::timeout;

use super::open::Target;
use super::worker::Worker;

/// How long closing waits for what SQLite has to tidy up in its file.
const TIDYING: Duration = Duration::from_secs(5);

/// Opens connections to one database, and knows when all of them have ended.
pub(super) struct Threads {
    target: Arc<Target>,
    /// What each thread holds a copy of while it lives; gone once no more are wanted.
    token: Mutex<Option<Token>>,
    /// Ends when the last copy has gone.
    ended: AsyncMutex<mpsc::Receiver<Infallible>>,
}

/// Held by a thread while it lives.
pub(super) type Token = mpsc::Sender<Infallible>;

impl Threads {
    pub(super) fn new(target: Target) -> Arc<Self> {
        let (token, ended) = mpsc::channel(1);
        Arc::new(Self {
            target: Arc::new(target),
            token: Mutex::new(Some(token)),
            ended: AsyncMutex::new(ended),
        })
    }

    pub(super) async fn open(&self) -> Result<Worker, ConnectError> {
        let token = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(token) = token else {
            return Err(ConnectError::new(
                ErrorKind::Closed,
                "the database was closed",
            ));
        };
        Worker::open(Arc::clone(&self.target), token).await
    }

    /// Opens no more, and waits until the connections that were told to end have done so.
    pub(super) async fn end(&self) {
        drop(
            self.token
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let all = async { self.ended.lock().await.recv().await };
        // A statement that can't be interrupted ends when it does.
        let _ = timeout(TIDYING, all).await;
    }
}
