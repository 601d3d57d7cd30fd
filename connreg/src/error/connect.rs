//! What a back end reports.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::{Error, ErrorKind, Sent};

type Source = Arc<dyn StdError + Send + Sync + 'static>;

/// Why a back end could not connect, check or serve: a kind, a sentence and the cause.
///
/// # Examples
///
/// ```
/// use connreg::{ConnectError, ErrorKind};
///
/// let error = ConnectError::new(ErrorKind::Version, "the server is 9.6 and 12 is needed")
///     .with_help("upgrade the server");
/// assert!(!error.is_transient());
/// assert_eq!(error.to_string(), "the server is 9.6 and 12 is needed");
/// ```
#[derive(Clone, Debug)]
pub struct ConnectError {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
    transient: Option<bool>,
    sent: Sent,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

impl ConnectError {
    /// An error of `kind` with a sentence that says what was tried and what came back.
    ///
    /// The sentence must not hold a secret.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
            transient: None,
            sent: Sent::No,
            retry_after: None,
            source: None,
        }
    }

    /// An error from the operating system's, classified: refused, timed out, not found by name.
    pub fn from_io(attempted: impl fmt::Display, error: io::Error) -> Self {
        let kind = ErrorKind::of_io(&error);
        Self::new(kind, format!("{attempted} failed")).with_source(error)
    }

    /// Adds the cause, which `Display` leaves to [`source`](StdError::source).
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync + 'static>>,
    ) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Says what to do, in place of the kind's general advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says whether trying again may help, where the kind alone says otherwise.
    #[must_use]
    pub fn with_transient(mut self, transient: bool) -> Self {
        self.transient = Some(transient);
        self
    }

    /// Says whether the failed request had reached the server; [`Sent::No`] unless said.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// Passes on the server's own word on when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether trying again later may help without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        self.transient.unwrap_or_else(|| self.kind.is_transient())
    }

    /// Whether the failed request had reached the server.
    pub fn request_sent(&self) -> Sent {
        self.sent
    }

    /// When the server wants to be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What to do next; empty where only the message can say.
    pub fn help(&self) -> &str {
        self.help.as_deref().unwrap_or_else(|| self.kind.advice())
    }

    /// Gives the error the name of its connection and what was tried (`connect`, `query`, …).
    #[must_use]
    pub fn for_connection(self, connection: impl Into<Arc<str>>, attempted: &'static str) -> Error {
        Error::from_shared(connection.into(), attempted, Arc::new(self))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

impl From<Error> for ConnectError {
    /// For a back end that needs another connection, and can't do without.
    fn from(error: Error) -> Self {
        let mut cause = Self::new(error.kind(), "another connection failed")
            .with_transient(error.is_transient())
            .with_sent(error.request_sent());
        cause.retry_after = error.retry_after();
        if let Some(name) = error.connection() {
            cause.message = format!("connection `{name}` failed");
        }
        cause.with_source(error)
    }
}
