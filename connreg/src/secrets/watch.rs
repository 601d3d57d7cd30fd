//! When a secret that is in use has another value: files are looked at, providers say so, leases come to their end.

use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

use super::leases::Leases;
use super::lookups::{Fingerprint, Use};
use super::provider::{KnownSecret, SecretProvider};
use super::{Secrets, file};

/// How often files are looked at. A new value counts when two looks in a row have found it, so that a file that is
/// being written is left alone.
const LOOK: Duration = Duration::from_secs(1);

/// How long to wait for more changes behind the first: several secrets are often replaced together.
const TOGETHER: Duration = Duration::from_millis(250);

/// The secrets that went into each connection's settings, by its name.
pub(crate) type ByConnection = Vec<(Arc<str>, Vec<Use>)>;

/// The secrets that a configuration refers to, each with the connections that use it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    secrets: Secrets,
    list: Vec<Used>,
}

#[derive(Clone, Debug)]
struct Used {
    secret: Use,
    fingerprint: Fingerprint,
    version: Option<String>,
    connections: Vec<Arc<str>>,
}

impl Uses {
    /// The uses of each connection, after its load.
    pub(crate) fn new(secrets: &Secrets, by_connection: ByConnection) -> Self {
        let mut positions: HashMap<Use, usize> = HashMap::new();
        let mut list: Vec<Used> = Vec::new();
        for (connection, uses) in by_connection {
            for secret in uses {
                let Some((fingerprint, version)) = secrets.lookups.given(&secret) else {
                    continue;
                };
                let at = *positions.entry(secret.clone()).or_insert(list.len());
                if at == list.len() {
                    list.push(Used {
                        secret,
                        fingerprint,
                        version,
                        connections: Vec::new(),
                    });
                }
                let connections = &mut list[at].connections;
                if connections.last() != Some(&connection) {
                    connections.push(Arc::clone(&connection));
                }
            }
        }
        // The values themselves are not kept.
        let secrets = Secrets {
            lookups: Arc::default(),
            ..secrets.clone()
        };
        Self { secrets, list }
    }

    /// Whether the connection called `name`, whose credential was refused, uses secrets that may have been replaced. They are
    /// not used again without being looked up.
    pub(crate) fn refused(&self, name: &str) -> bool {
        let mut any = false;
        for used in &self.list {
            if used.connections.iter().any(|user| **user == *name) {
                self.secrets.leases.forget(&used.secret);
                any = true;
            }
        }
        any
    }

    /// The names of the connections that use any of `changed`, in the order of configuration.
    fn connections(&self, changed: &HashSet<Use>) -> Vec<Arc<str>> {
        let mut names: Vec<Arc<str>> = Vec::new();
        for used in self
            .list
            .iter()
            .filter(|used| changed.contains(&used.secret))
        {
            for name in &used.connections {
                if !names.contains(name) {
                    names.push(Arc::clone(name));
                }
            }
        }
        names
    }
}

/// Waits until a secret in use has changed or is about to end, and gives the names of the connections that use it. A load
/// that begins then gets the new value. Dropping it ends the watch.
pub(crate) async fn changed(uses: &Uses) -> Vec<Arc<str>> {
    let mut watches: JoinSet<Vec<Use>> = JoinSet::new();
    let mut files = Vec::new();
    let mut by_provider: HashMap<&Arc<str>, Vec<KnownSecret>> = HashMap::new();
    for used in &uses.list {
        match &used.secret {
            Use::File(path) => files.push((Arc::clone(path), used.fingerprint)),
            Use::Provided {
                provider,
                reference,
            } => by_provider.entry(provider).or_default().push(KnownSecret {
                reference: reference.to_string(),
                version: used.version.clone(),
            }),
        }
    }
    if !files.is_empty() {
        watches.spawn(watch_files(files));
    }
    for (name, known) in by_provider {
        if let Some(provider) = uses.secrets.providers.get(name) {
            let leases = Arc::clone(&uses.secrets.leases);
            watches.spawn(watch_provider(provider, Arc::clone(name), known, leases));
        }
    }
    let secrets = uses.list.iter().map(|used| used.secret.clone()).collect();
    watches.spawn(watch_leases(secrets, Arc::clone(&uses.secrets.leases)));
    loop {
        let names = uses.connections(&first(&mut watches).await);
        // A provider may name what nobody uses.
        if !names.is_empty() {
            return names;
        }
    }
}

/// What the first watch to end has found, and those that end soon after.
async fn first(watches: &mut JoinSet<Vec<Use>>) -> HashSet<Use> {
    let mut found = HashSet::new();
    while found.is_empty() {
        match watches.join_next().await {
            Some(Ok(changed)) => found.extend(changed),
            Some(Err(_)) => tracing::warn!(
                "a provider of secrets panicked; its secrets are not watched any more"
            ),
            None => return pending().await,
        }
    }
    let more = async {
        while let Some(changed) = watches.join_next().await {
            found.extend(changed.into_iter().flatten());
        }
        sleep(TOGETHER).await;
    };
    let _ = timeout(TOGETHER, more).await;
    found
}

/// What a provider says has changed. It is not used again, however long it is good for.
async fn watch_provider(
    provider: Arc<dyn SecretProvider>,
    name: Arc<str>,
    known: Vec<KnownSecret>,
    leases: Arc<Leases>,
) -> Vec<Use> {
    let mut changed = provider.changed(&known).await;
    if changed.is_empty() {
        changed = known.into_iter().map(|known| known.reference).collect();
    }
    let changed = changed.into_iter().map(|reference| Use::Provided {
        provider: Arc::clone(&name),
        reference: reference.into(),
    });
    changed.inspect(|secret| leases.forget(secret)).collect()
}

/// Those whose leases come to their end.
async fn watch_leases(secrets: Vec<Use>, leases: Arc<Leases>) -> Vec<Use> {
    loop {
        let Some(at) = leases.next(&secrets) else {
            return pending().await;
        };
        sleep_until(at).await;
        let due = leases.due(&secrets);
        if !due.is_empty() {
            return due;
        }
    }
}

/// Looks at the files until one has another content, twice the same.
async fn watch_files(files: Vec<(Arc<Path>, Fingerprint)>) -> Vec<Use> {
    let files = Arc::new(files);
    let mut before: Vec<Option<Fingerprint>> = Vec::new();
    loop {
        sleep(LOOK).await;
        let looked_at = Arc::clone(&files);
        let look = tokio::task::spawn_blocking(move || look(&looked_at));
        // Only a runtime that ends cuts it off.
        let Ok(now) = look.await else {
            return pending().await;
        };
        let changed: Vec<Use> = files
            .iter()
            .enumerate()
            .filter(|(at, (_, used))| {
                let seen = now[*at];
                seen.is_some_and(|seen| seen != *used) && before.get(*at) == Some(&seen)
            })
            .map(|(_, (path, _))| Use::File(Arc::clone(path)))
            .collect();
        if !changed.is_empty() {
            return changed;
        }
        before = now;
    }
}

/// What each file holds now. One that is empty, or not there, is being replaced.
fn look(files: &[(Arc<Path>, Fingerprint)]) -> Vec<Option<Fingerprint>> {
    let fingerprint = |path: &Path| {
        let secret = file::read(path).ok()?;
        (!secret.is_empty()).then(|| Fingerprint::of(&secret))
    };
    files.iter().map(|(path, _)| fingerprint(path)).collect()
}
