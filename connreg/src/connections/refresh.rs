//! A credential that a server refuses may have been replaced: its secrets are read again, without anybody asking for it.
//!
//! Only secrets: as long as a file of the configuration has changed that nobody has loaded, that is left to whoever
//! reloads or watches.

use std::sync::Arc;

use super::watch::look;
use super::{Connections, Inner};

/// How often a credential that is refused after a refresh is tried, as in a watch.
const TRIES: u32 = 3;

/// Reads the configuration again if one of the connections called `names`, whose credentials were refused, uses secrets
/// from files or providers.
pub(super) async fn refresh(inner: Arc<Inner>, names: Vec<Arc<str>>) {
    let set = inner.set.load_full();
    let uses = names.iter().filter(|name| set.secrets.refused(name));
    // All of them are to be looked up anew, not the first alone.
    if uses.count() == 0 {
        return;
    }
    if let Some(directory) = inner.source.watched() {
        let directory = directory.to_owned();
        let files = tokio::task::spawn_blocking(move || look(&directory)).await;
        if files.ok() != Some(set.files) {
            return;
        }
    }
    drop(set);
    match Connections(inner).reload_unless_refused(TRIES).await {
        Some(Ok(report)) if !report.is_unchanged() => {
            tracing::info!(%report, "a credential was refused, and has been replaced");
        }
        Some(Err(error)) => {
            tracing::warn!(%error, "a credential was refused, and could not be replaced");
        }
        _ => {}
    }
}
