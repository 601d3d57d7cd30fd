//! What a provider of secrets implements, and what it gives.

use std::error::Error as StdError;
use std::fmt;
use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;

use crate::settings::Secret;

/// Gives the secrets that configuration refers to as `${name:reference}`.
///
/// Annotate a struct that has a `Default` with
/// [`#[secret_provider(name = "…")]`](macro@crate::secret_provider), and every program that links it has the provider;
/// or hand one in with [`Builder::secret_provider`](crate::Builder::secret_provider), with an address and a token.
///
/// One load asks for each reference once, for many side by side, in tasks of its own. What is given is a secret
/// wherever it is used: no message and no log quotes it.
///
/// # Examples
///
/// ```
/// use connreg::{SecretError, SecretProvider, SecretValue, async_trait, secret_provider};
///
/// /// Passwords that are the names backwards.
/// #[secret_provider(name = "backwards")]
/// #[derive(Default)]
/// pub struct Backwards;
///
/// #[async_trait]
/// impl SecretProvider for Backwards {
///     async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
///         if reference.is_empty() {
///             return Err(SecretError::not_found("nothing has no name"));
///         }
///         Ok(SecretValue::new(reference.chars().rev().collect::<String>()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a provider of secrets",
    label = "`SecretProvider` is not implemented for this type",
    note = "write `#[connreg::async_trait] impl connreg::SecretProvider for {Self}` with `async fn lookup`"
)]
#[async_trait]
pub trait SecretProvider: Send + Sync + 'static {
    /// Looks up one secret; `reference` is what stands behind the colon, with its own placeholders resolved.
    ///
    /// # Errors
    ///
    /// There is no such secret ([`SecretError::not_found`]), or it could not be had. Neither may hold a secret.
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError>;

    /// How long one lookup may take.
    fn deadline(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Waits until some of `secrets` have other values than they had when they were looked up, and gives their
    /// references; nothing stands for all of them. Never ends by default: such secrets are read anew by a reload
    /// only, or before they [expire](SecretValue::expires_in).
    ///
    /// May be dropped at any time, and called again.
    async fn changed(&self, secrets: &[KnownSecret]) -> Vec<String> {
        let _ = secrets;
        pending().await
    }
}

/// A secret that a provider gave earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSecret {
    pub(super) reference: String,
    pub(super) version: Option<String>,
}

impl KnownSecret {
    /// What it was looked up by.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The version that the provider had told.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// A secret from a provider, and how long it is good for.
#[derive(Clone, Debug)]
pub struct SecretValue {
    pub(super) secret: Secret,
    pub(super) expires_in: Option<Duration>,
    pub(super) version: Option<String>,
}

impl SecretValue {
    /// A value that is good until a reload asks again.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            expires_in: None,
            version: None,
        }
    }

    /// It ends after `lease`. Until three quarters of that have passed, reloads use it again; then whoever watches
    /// the configuration has it looked up anew.
    #[must_use]
    pub fn expires_in(mut self, lease: Duration) -> Self {
        self.expires_in = Some(lease);
        self
    }

    /// What tells this value from a later one; no secret. [`SecretProvider::changed`] gets it back.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

impl<T: Into<Secret>> From<T> for SecretValue {
    fn from(secret: T) -> Self {
        Self::new(secret)
    }
}

/// Why a provider could not give a secret. It is shown to people, so it must hold none.
#[derive(Debug)]
pub struct SecretError {
    message: String,
    help: Option<String>,
    is_not_found: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl SecretError {
    /// The secret could not be had: the server is down, access is denied, …
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            is_not_found: false,
            source: None,
        }
    }

    /// There is no such secret, so that a default in the configuration may stand for it.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            is_not_found: true,
            ..Self::new(message)
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The cause. Its text is shown too.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What to do about it, where there is something to say.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Whether there is no such secret.
    pub fn is_not_found(&self) -> bool {
        self.is_not_found
    }

    /// The message with every cause, in one line.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            // Some libraries' errors say what their cause says.
            if !text.ends_with(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = error.source();
        }
        text
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for SecretError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}
