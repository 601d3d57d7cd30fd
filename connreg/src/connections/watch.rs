//! Watching the configuration: files are looked at about every second, secrets as their providers say, and what
//! has changed is reloaded when it has been quiet for a while.
//!
//! Looked at rather than told of by the system, which tells nothing on network file systems, of mounted volumes,
//! and of links that are swapped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Connections, Inner, ReloadReport};
use crate::backoff::Backoff;
use crate::config::keyed;
use crate::connection::BoxFuture;
use crate::error::Error;
use crate::secrets;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long nothing may have changed before it is read.
pub(super) const QUIET: Duration = Duration::from_secs(4);

/// The longest pause between two attempts to load what could not be loaded.
const PAUSE: Duration = Duration::from_mins(1);

/// Files up to this size are compared by their content, larger ones by length and time.
const SMALL: u64 = 1024 * 1024;

/// Reloads while it lives; dropping it ends the watch.
#[derive(Debug)]
#[must_use = "the watch ends when this is dropped"]
pub struct Watcher {
    task: AbortHandle,
    outcomes: watch::Receiver<Option<Result<ReloadReport, Error>>>,
}

impl Watcher {
    /// Waits for the next reload that the watch makes, and says how it went; of several that nobody has waited for, the
    /// last. `None`: the connections are closed or gone.
    pub async fn next(&mut self) -> Option<Result<ReloadReport, Error>> {
        self.outcomes.changed().await.ok()?;
        self.outcomes.borrow_and_update().clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Watches what `connections` were read from.
pub(super) fn watch(connections: &Connections, quiet: Duration) -> Watcher {
    let (told, outcomes) = watch::channel(None);
    let watch = Watch {
        inner: Arc::downgrade(&connections.0),
        directory: connections.0.source.watched().map(Path::to_owned),
        quiet,
        told,
    };
    Watcher {
        task: tokio::spawn(watch.run(connections.0.set.load().files)).abort_handle(),
        outcomes,
    }
}

struct Watch {
    inner: Weak<Inner>,
    directory: Option<PathBuf>,
    quiet: Duration,
    told: watch::Sender<Option<Result<ReloadReport, Error>>>,
}

impl Watch {
    /// `seen` is what the files were when they were last read.
    async fn run(self, mut seen: u64) {
        // When to reload, if something has changed.
        let mut due: Option<Instant> = None;
        let mut pause = Backoff::new(self.quiet.max(LOOK), PAUSE);
        let Some(mut rotation) = self.rotation(Instant::now()) else {
            return;
        };
        loop {
            let next = Instant::now() + LOOK;
            let next = due.map_or(next, |due| due.min(next));
            if due.is_some() {
                sleep_until(next).await;
            } else if timeout_at(next, &mut rotation).await.is_ok() {
                due = Some(Instant::now() + self.quiet);
            }
            if self.inner.upgrade().is_none_or(|inner| inner.is_closed()) {
                return;
            }
            let files = self.look().await;
            if files != seen {
                seen = files;
                due = Some(Instant::now() + self.quiet);
                pause.reset();
            }
            if due.is_none_or(|due| Instant::now() < due) {
                continue;
            }
            let Some(connections) = self.inner.upgrade().map(Connections) else {
                return;
            };
            let Some(outcome) = connections
                .reload_unless_refused(Backoff::CREDENTIAL_TRIES)
                .await
            else {
                due = None;
                let Some(later) = self.rotation(Instant::now() + PAUSE) else {
                    return;
                };
                rotation = later;
                continue;
            };
            let mut secrets_from = Instant::now();
            due = match &outcome {
                Ok(_) => {
                    pause.reset();
                    None
                }
                Err(error) => {
                    tracing::error!(%error, "not reloaded; everything goes on as it was");
                    secrets_from += pause.ceiling();
                    let delay = self.quiet.max(pause.next_delay());
                    // A server that could not be reached may be there later, with no file changed.
                    error.is_transient().then(|| Instant::now() + delay)
                }
            };
            self.told.send_replace(Some(outcome));
            match self.rotation(secrets_from) {
                Some(next) => rotation = next,
                None => return,
            }
        }
    }

    /// Ends when a secret in use has another value; begins to look at `from`, since one that could not be put to use
    /// would be told of again at once.
    fn rotation(&self, from: Instant) -> Option<BoxFuture<'static, ()>> {
        let uses = Arc::clone(&self.inner.upgrade()?.set.load().secrets);
        Some(Box::pin(async move {
            sleep_until(from).await;
            secrets::changed(&uses).await;
        }))
    }

    async fn look(&self) -> u64 {
        let Some(directory) = self.directory.clone() else {
            return 0;
        };
        let look = tokio::task::spawn_blocking(move || look(&directory));
        // Only a runtime that ends cuts it off.
        look.await.unwrap_or_default()
    }
}

/// What the files of `directory` are at this moment: names, and contents or times.
pub(super) fn look(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    let mut files: Vec<(std::ffi::OsString, u64)> = entries
        .flatten()
        .filter(|entry| {
            let path = entry.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(crate::config::is_read)
        })
        .map(|entry| (entry.file_name(), state(&entry.path())))
        .collect();
    files.sort();
    keyed(&files)
}

/// What a file is; links are followed.
fn state(path: &Path) -> u64 {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= SMALL => {
            keyed(&fs::read(path).ok())
        }
        Ok(metadata) => keyed(&(metadata.len(), metadata.modified().ok())),
        Err(_) => 0,
    }
}
