//! Providers that do what a test tells them, and a connection type to configure.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connreg::{
    Backend, Builder, ConnectError, Connections, Context, Error, KnownSecret, Secret, SecretError,
    SecretProvider, SecretValue, async_trait, connection, secret_provider,
};
use tokio::sync::{Barrier, Notify};

use crate::folder::Folder;

/// Something with a secret.
#[connection(type = "safe", category = "db")]
#[expect(dead_code, reason = "some settings are only there to be configured")]
pub(crate) struct Safe {
    /// What it opens with.
    pub(crate) password: Option<Secret>,
    /// Another one.
    pub(crate) token: Option<Secret>,
    /// No secret.
    #[setting(default = "localhost")]
    pub(crate) host: String,
    /// A number.
    #[setting(default = 1, range = 1..=9)]
    pub(crate) port: u16,
}

impl Backend for Safe {
    type Client = ();

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// What every secret here begins with, so that a leak is found.
pub(crate) const SECRET: &str = "hunter2";

/// Linked: knows every secret.
#[secret_provider(name = "linked")]
#[derive(Debug, Default)]
pub(crate) struct Linked;

#[async_trait]
impl SecretProvider for Linked {
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
        Ok(format!("{SECRET}-linked-{reference}").into())
    }
}

/// A safe that tests fill, and look into afterwards. Its clones share one state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vault(Arc<State>);

#[derive(Debug, Default)]
pub(crate) struct State {
    values: Mutex<HashMap<String, String>>,
    asked: Mutex<Vec<String>>,
    pub(crate) dropped: AtomicUsize,
    lease: Mutex<Option<Duration>>,
    changed: Notify,
    changes: Mutex<Vec<String>>,
    known: Mutex<Vec<KnownSecret>>,
    together: Mutex<Option<Arc<Barrier>>>,
}

impl Vault {
    pub(crate) fn holding(values: &[(&str, &str)]) -> Self {
        let vault = Self::default();
        for (reference, value) in values {
            vault.put(reference, value);
        }
        vault
    }

    pub(crate) fn put(&self, reference: &str, value: &str) {
        let mut values = self.0.values.lock().unwrap();
        values.insert(reference.to_owned(), value.to_owned());
    }

    pub(crate) fn lease(&self, lease: Duration) {
        *self.0.lease.lock().unwrap() = Some(lease);
    }

    /// Lookups wait until so many are under way.
    pub(crate) fn together(&self, lookups: usize) {
        *self.0.together.lock().unwrap() = Some(Arc::new(Barrier::new(lookups)));
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked = self.0.asked.lock().unwrap().clone();
        asked.sort_unstable();
        asked
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::SeqCst)
    }

    /// Tells that these have changed.
    pub(crate) fn tell(&self, references: &[&str]) {
        *self.0.changes.lock().unwrap() = references.iter().map(|r| (*r).to_owned()).collect();
        self.0.changed.notify_one();
    }

    pub(crate) fn known(&self) -> Vec<(String, Option<String>)> {
        let known = self.0.known.lock().unwrap();
        let pair = |known: &KnownSecret| {
            let version = known.version().map(str::to_owned);
            (known.reference().to_owned(), version)
        };
        known.iter().map(pair).collect()
    }
}

/// Counts a lookup that ends before it is done.
struct Underway<'a>(&'a State);

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl SecretProvider for Vault {
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
        let state = &self.0;
        state.asked.lock().unwrap().push(reference.to_owned());
        let together = state.together.lock().unwrap().clone();
        if let Some(together) = together {
            together.wait().await;
        }
        match reference {
            "hang" => {
                let _underway = Underway(state);
                std::future::pending::<()>().await;
            }
            "panic" => panic!("as the test wants it"),
            "down" => {
                let cause = std::io::Error::other("no route");
                return Err(SecretError::new("the vault is down").with_source(cause));
            }
            "sealed" => {
                return Err(SecretError::new("the vault is sealed").with_help("unseal it"));
            }
            _ => {}
        }
        let value = state.values.lock().unwrap().get(reference).cloned();
        let Some(value) = value else {
            return Err(SecretError::not_found("nothing is kept there"));
        };
        let value = SecretValue::new(value).version("v1");
        match *state.lease.lock().unwrap() {
            Some(lease) => Ok(value.expires_in(lease)),
            None => Ok(value),
        }
    }

    async fn changed(&self, secrets: &[KnownSecret]) -> Vec<String> {
        *self.0.known.lock().unwrap() = secrets.to_vec();
        self.0.changed.notified().await;
        let changes = std::mem::take(&mut *self.0.changes.lock().unwrap());
        assert_ne!(changes, ["panic"], "as the test wants it");
        changes
    }
}

/// A folder with one file of connections.
pub(crate) fn folder(connections: &str) -> Folder {
    Folder::new().file("connections.yaml", format!("connections:\n{connections}"))
}

/// One connection `s` with this line of settings.
pub(crate) fn one(settings: &str) -> Folder {
    folder(&format!("  s:\n    type: safe\n    {settings}\n"))
}

pub(crate) fn builder(folder: &Folder) -> Builder {
    folder.builder(folder.path())
}

pub(crate) async fn load(folder: &Folder, vault: &Vault) -> Result<Connections, Error> {
    let vault = vault.clone();
    builder(folder).secret_provider("vault", vault).load().await
}

/// What is said of a configuration that is wrong, a line for each, without its folder and code.
pub(crate) async fn said(folder: &Folder, builder: Builder) -> Vec<String> {
    let error = builder.load().await.expect_err("it is wrong");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    let report = error.report().expect("a report").mistakes().iter();
    let place = format!("{}/connections.yaml:", folder.path().display());
    report
        .map(|mistake| {
            let line = mistake.to_string().replace(&place, "");
            // What it is called is another test's matter.
            let (_, said) = line.split_once(": ").expect("a severity");
            said.to_owned()
        })
        .collect()
}

pub(crate) fn settings(connections: &Connections) -> Arc<Safe> {
    let connection = connections.get::<Safe>("s").expect("it is configured");
    connection.settings()
}

pub(crate) fn password(connections: &Connections) -> String {
    let password = settings(connections).password.clone();
    password.expect("a password").expose().to_owned()
}
