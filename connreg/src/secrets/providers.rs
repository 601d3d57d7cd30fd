//! The providers that a load can ask, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::command::Command;
use super::linked::linked;
use super::provider::SecretProvider;
use crate::error::{Error, ErrorKind};

/// Variables under their own names: `${env:NAME}`.
pub(crate) const ENV: &str = "env";
/// Files: `${file:/run/secrets/pg}`.
pub(crate) const FILE: &str = "file";
/// What a program prints: `${command:pass show pg}`.
pub(crate) const COMMAND: &str = "command";

const BUILT_IN: [&str; 3] = [ENV, FILE, COMMAND];

/// Services that people keep secrets in. A name of these before a colon is hardly a variable's.
const WELL_KNOWN: [&str; 30] = [
    "1password",
    "akeyless",
    "akv",
    "aws",
    "awssm",
    "azkv",
    "azure",
    "azurekv",
    "bitwarden",
    "bws",
    "conjur",
    "consul",
    "doppler",
    "gcp",
    "gcpsm",
    "gsm",
    "infisical",
    "k8s",
    "keychain",
    "keyring",
    "keyvault",
    "kms",
    "kubernetes",
    "op",
    "secret",
    "secrets",
    "secretsmanager",
    "sops",
    "ssm",
    "vault",
];

type Named = BTreeMap<String, Arc<dyn SecretProvider>>;

/// The providers set in code, those that the linker found, and the built-in ones.
#[derive(Clone, Default)]
pub(crate) struct Providers {
    /// Set in code; they go before linked ones.
    own: Named,
    /// Made when first asked for, and kept.
    linked: Arc<OnceLock<Named>>,
    /// Whether programs may be run.
    pub(crate) allow_commands: bool,
    /// Where the files of secrets are, if code says so.
    pub(crate) directory: Option<PathBuf>,
    /// The first thing that was wrong in what code set.
    mistake: Option<Error>,
}

impl Providers {
    pub(crate) fn add(&mut self, name: String, provider: Arc<dyn SecretProvider>) {
        let refusal = if BUILT_IN.contains(&name.as_str()) {
            Some("is built in; give it another name")
        } else if !is_name(&name) {
            Some(
                "is no name for one: write small letters, digits, `_` and `-`, beginning with a letter or digit",
            )
        } else {
            None
        };
        if let Some(refusal) = refusal {
            let message = format!("the provider of secrets `{name}` {refusal}");
            self.mistake
                .get_or_insert_with(|| Error::usage(ErrorKind::Configuration, message, None));
            return;
        }
        self.own.insert(name, provider);
    }

    /// Makes the linked providers, unless they are there.
    pub(super) fn assemble(&self) -> Result<(), Error> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let linked = linked()?;
        self.linked.get_or_init(|| {
            linked
                .iter()
                .map(|linked| (linked.declaration.name.to_owned(), (linked.make)()))
                .collect()
        });
        Ok(())
    }

    /// Whether a provider has this name.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        BUILT_IN.contains(&name) || self.get(name).is_some()
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<dyn SecretProvider>> {
        if name == COMMAND {
            return Some(Arc::new(Command));
        }
        let linked = || self.linked.get().and_then(|linked| linked.get(name));
        self.own.get(name).or_else(linked).cloned()
    }

    /// Every name, for a message.
    pub(crate) fn names(&self) -> Vec<&str> {
        let linked = self.linked.get().into_iter().flat_map(BTreeMap::keys);
        let mut names: Vec<&str> = self.own.keys().chain(linked).map(String::as_str).collect();
        names.extend(BUILT_IN);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether secrets are kept in something of this name, whoever provides it.
    pub(crate) fn is_well_known(name: &str) -> bool {
        WELL_KNOWN.contains(&name)
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(letter) && name.chars().all(|c| letter(c) || matches!(c, '_' | '-'))
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers")
            .field("names", &self.names())
            .field("allow_commands", &self.allow_commands)
            .finish_non_exhaustive()
    }
}
