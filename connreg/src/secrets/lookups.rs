//! What one load asked for: each secret once, those of one round side by side, each with a deadline.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Secrets;
use super::file::{self, Unreadable};
use super::leases::Leases;
use super::provider::{SecretError, SecretProvider};
use crate::config::keyed;
use crate::settings::Secret;

/// How many lookups of one provider run side by side.
const SIDE_BY_SIDE: usize = 16;

/// One secret that configuration refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Use {
    File(Arc<Path>),
    Provided {
        provider: Arc<str>,
        reference: Arc<str>,
    },
}

/// A secret that was given, and what tells it from the next one.
#[derive(Clone, Debug)]
pub(super) struct Given {
    secret: Secret,
    pub(super) version: Option<String>,
    pub(super) fingerprint: Fingerprint,
}

/// Tells one value from another without keeping it. It means nothing outside this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of(secret: &Secret) -> Self {
        Self(keyed(&secret.expose()))
    }
}

/// What came of a lookup.
pub(crate) enum Found {
    Given(Secret),
    /// There is no such secret; a default may stand for it.
    Missing(Refusal),
    Refused(Refusal),
    /// It has to be looked up first.
    Wanted,
}

/// Why there is no secret: the message and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

#[derive(Clone)]
enum Outcome {
    Given(Given),
    Missing(Refusal),
    Refused(Refusal),
}

/// The secrets of one load so far, and those that it lacks.
#[derive(Default)]
pub(crate) struct Lookups(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    outcomes: HashMap<Use, Outcome>,
    wanted: HashSet<Use>,
    files: HashMap<Arc<Path>, Result<Given, Unreadable>>,
    asked: HashMap<Arc<str>, Arc<Asked>>,
}

impl Lookups {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the provider gave for the reference; what it was not asked for yet is noted.
    pub(crate) fn get(&self, wanted: &Use) -> Found {
        let mut inner = self.inner();
        match inner.outcomes.get(wanted) {
            Some(Outcome::Given(given)) => Found::Given(given.secret.clone()),
            Some(Outcome::Missing(refusal)) => Found::Missing(refusal.clone()),
            Some(Outcome::Refused(refusal)) => Found::Refused(refusal.clone()),
            None => {
                inner.wanted.insert(wanted.clone());
                Found::Wanted
            }
        }
    }

    /// What the file at `path` holds; it is read once.
    pub(crate) fn file(&self, path: &Path) -> Result<Secret, Unreadable> {
        let mut inner = self.inner();
        let read = inner.files.entry(path.into()).or_insert_with(|| {
            // Nobody else waits for the lock: one thread reads a configuration.
            file::read(path).map(Given::without_version)
        });
        read.as_ref()
            .map(|given| given.secret.clone())
            .map_err(Clone::clone)
    }

    /// Whether something has to be looked up before the load can tell anything.
    pub(crate) fn is_wanting(&self) -> bool {
        !self.inner().wanted.is_empty()
    }

    /// What tells the value that was used from the next one.
    pub(super) fn given(&self, used: &Use) -> Option<(Fingerprint, Option<String>)> {
        let inner = self.inner();
        let given = match used {
            Use::File(path) => inner.files.get(path)?.as_ref().ok()?,
            Use::Provided { .. } => match inner.outcomes.get(used)? {
                Outcome::Given(given) => given,
                _ => return None,
            },
        };
        Some((given.fingerprint, given.version.clone()))
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.inner().outcomes.keys())
            .finish()
    }
}

impl Given {
    fn without_version(secret: Secret) -> Self {
        Self {
            fingerprint: Fingerprint::of(&secret),
            version: None,
            secret,
        }
    }
}

impl Secrets {
    /// Asks for all that is wanted, side by side. Dropping it ends the lookups.
    pub(super) async fn look_up(&self) {
        let wanted = std::mem::take(&mut self.lookups.inner().wanted);
        let mut lookups = JoinSet::new();
        for wanted in wanted {
            let Some(asked) = self.asked(&wanted) else {
                continue;
            };
            let leases = Arc::clone(&self.leases);
            lookups.spawn(async move {
                let outcome = asked.get(&wanted, &leases).await;
                (wanted, outcome)
            });
        }
        while let Some(done) = lookups.join_next().await {
            // A task of ours ends in no other way than by its value: a provider's panic stays in its own.
            if let Ok((wanted, outcome)) = done {
                self.lookups.inner().outcomes.insert(wanted, outcome);
            }
        }
    }
}

impl Secrets {
    /// Who has what is wanted. Whatever happens then, it has an outcome, so that the load comes to an end.
    fn asked(&self, wanted: &Use) -> Option<Arc<Asked>> {
        let mut inner = self.lookups.inner();
        let nothing = refused(
            "the lookup was cut off".to_owned(),
            "load the configuration again",
        );
        inner.outcomes.insert(wanted.clone(), nothing);
        let Use::Provided { provider: name, .. } = wanted else {
            return None;
        };
        let provider = self.providers.get(name)?;
        let asked = inner
            .asked
            .entry(Arc::clone(name))
            .or_insert_with(|| Arc::new(Asked::new(Arc::clone(name), provider)));
        Some(Arc::clone(asked))
    }
}

/// A provider that is being asked.
struct Asked {
    name: Arc<str>,
    provider: Arc<dyn SecretProvider>,
    permits: Semaphore,
    /// It let a deadline pass; those in the queue behind would wait as long, each.
    is_silent: AtomicBool,
}

impl Asked {
    fn new(name: Arc<str>, provider: Arc<dyn SecretProvider>) -> Self {
        Self {
            name,
            provider,
            permits: Semaphore::new(SIDE_BY_SIDE),
            is_silent: AtomicBool::new(false),
        }
    }

    async fn get(&self, wanted: &Use, leases: &Leases) -> Outcome {
        if let Some(given) = leases.fresh(wanted) {
            return Outcome::Given(given);
        }
        let outcome = self.ask(wanted, leases).await;
        match (&outcome, leases.last(wanted)) {
            (Outcome::Refused(refusal), Some(given)) => {
                tracing::warn!(
                    provider = %self.name,
                    "a secret could not be renewed, so the last one is used until it ends: {}",
                    refusal.message
                );
                Outcome::Given(given)
            }
            _ => outcome,
        }
    }

    async fn ask(&self, wanted: &Use, leases: &Leases) -> Outcome {
        let Use::Provided { reference, .. } = wanted else {
            return refused(format!("`{}` has no files", self.name), "name a provider");
        };
        // The semaphore is never closed; without a permit it would be one too many, no more.
        let _permit = self.permits.acquire().await.ok();
        let name = &self.name;
        if self.is_silent.load(Ordering::Acquire) {
            return refused(
                format!("the provider `{name}` was not asked: it did not answer before"),
                "see whether what it asks is up and can be reached from here",
            );
        }
        let limit = self.provider.deadline();
        let (provider, reference) = (Arc::clone(&self.provider), Arc::clone(reference));
        // In a task of its own, so that a panic stays there; the set ends it when this future is dropped.
        let mut lookup = JoinSet::new();
        lookup.spawn(async move { provider.lookup(&reference).await });
        match timeout(limit, lookup.join_next()).await {
            Ok(Some(Ok(Ok(value)))) => {
                let given = Given {
                    fingerprint: Fingerprint::of(&value.secret),
                    version: value.version.clone(),
                    secret: value.secret.clone(),
                };
                leases.keep(wanted, &value, &given);
                Outcome::Given(given)
            }
            Ok(Some(Ok(Err(error)))) => told(name, &error),
            Ok(_) => refused(
                format!("the provider `{name}` panicked"),
                "this is a bug in the provider; its panic message says where",
            ),
            Err(_) => {
                self.is_silent.store(true, Ordering::Release);
                refused(
                    format!(
                        "the provider `{name}` did not answer within {}",
                        humantime::format_duration(limit)
                    ),
                    "see whether what it asks is up and can be reached from here",
                )
            }
        }
    }
}

fn refused(message: String, help: &str) -> Outcome {
    Outcome::Refused(Refusal {
        message,
        help: Some(help.to_owned()),
    })
}

fn told(name: &str, error: &SecretError) -> Outcome {
    let said = error.in_full();
    let help = error.help().map(str::to_owned);
    if error.is_not_found() {
        let message = format!("the provider `{name}` has no such secret: {said}");
        return Outcome::Missing(Refusal { message, help });
    }
    let message = format!("the provider `{name}` could not give the secret: {said}");
    Outcome::Refused(Refusal { message, help })
}
