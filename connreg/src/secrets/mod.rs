//! Where secrets come from, besides files and variables: providers, what they were asked for, and when it changes.
//!
//! Which part of a text is a placeholder is `config`'s matter; the type that keeps a secret is `settings`'s.

mod command;
mod directories;
mod file;
mod leases;
mod linked;
mod lookups;
mod provider;
mod providers;
mod rounds;
#[cfg(test)]
mod tests;
mod watch;
mod wipe;

pub use linked::{LinkedProvider, ProviderDeclaration};
pub use provider::{KnownSecret, SecretError, SecretProvider, SecretValue};

pub(crate) use directories::directories;
pub(crate) use lookups::{Found, Lookups, Use};
pub(crate) use providers::{COMMAND, ENV, FILE, Providers};
pub(crate) use rounds::resolved;
pub(crate) use watch::{ByConnection, Uses, changed};
pub(crate) use wipe::{Growing, Wiped};

use std::sync::Arc;

use self::leases::Leases;

/// What a load knows of secrets: who has them, what is still good from before, what was looked up so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    pub(crate) providers: Providers,
    /// Outlives the load, so that a reload does not ask again for what is good for longer.
    leases: Arc<Leases>,
    /// Of one load.
    pub(crate) lookups: Arc<Lookups>,
}
