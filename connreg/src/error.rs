//! The errors of every operation: what failed, for which connection, why, and what to do next.
//!
//! [`ConnectError`] is what a back end reports; [`Error`] is what a caller sees, with the connection's name.
//! The mistakes found in configuration files are in [`crate::config`].

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Report;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong, in the one classification that errors, events and health reports share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A host name could not be resolved.
    Dns,
    /// Nothing accepts connections at the address, or the peer ended the connection.
    Refused,
    /// A deadline passed.
    Timeout,
    /// TLS could not be agreed on, or a certificate was not accepted.
    Tls,
    /// The server knows no such user, password, key or token, or does not allow what was asked.
    Authentication,
    /// The server is in the wrong role: a replica where a primary is needed.
    Role,
    /// The server is too old, too new, or lacks an extension.
    Version,
    /// The server, or the pool, has no capacity left at the moment.
    Overloaded,
    /// The peer sent something that this protocol does not allow.
    Protocol,
    /// The configuration is wrong; nothing but changing it helps.
    Configuration,
    /// The connection was closed by this program.
    Closed,
    /// No connection, or no connection type, has the name.
    NotFound,
    /// The connection is of another type than the one asked for, or lacks a capability.
    WrongType,
    /// The server was reached and said no for a reason of its own.
    Other,
}

impl ErrorKind {
    /// The kind's stable name, as events, metrics and health reports show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Authentication => "authentication",
            Self::Role => "role",
            Self::Version => "version",
            Self::Overloaded => "overloaded",
            Self::Protocol => "protocol",
            Self::Configuration => "configuration",
            Self::Closed => "closed",
            Self::NotFound => "not_found",
            Self::WrongType => "wrong_type",
            Self::Other => "other",
        }
    }

    /// Whether trying again later may help without anybody changing anything.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Dns | Self::Refused | Self::Timeout | Self::Role | Self::Overloaded
        )
    }

    /// What a person can try next; empty where only the message can say.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Dns => "check the host's spelling and that this machine can resolve it",
            Self::Refused => "check host and port, and that the server is running and reachable",
            Self::Timeout => {
                "check the network path and the server's load, or allow more time in the configuration"
            }
            Self::Tls => "check the certificate's host name, its expiry and the configured CA",
            Self::Authentication => {
                "check the user name, the credential and what the server grants them"
            }
            Self::Role => "point the connection at the primary, or wait for the fail-over to end",
            Self::Version => "compare the server's version and extensions with what is needed",
            Self::Overloaded => "raise the limit, lower the load, or try again later",
            Self::Protocol => "check that the address belongs to a server of this kind",
            Self::Configuration => "correct the configuration",
            Self::Closed => "open a new one; this one was closed by the program",
            Self::NotFound => "check the name",
            Self::WrongType => "ask for the type that is configured",
            Self::Other => "",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a request that failed had reached the server.
///
/// A caller who must not do a thing twice may try again after [`Sent::No`] only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Not a byte of it was sent.
    No,
    /// The server has it, and answered.
    Yes,
    /// It may have arrived and may have been carried out.
    Unknown,
}

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
#[derive(Debug)]
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
        let kind = classify_io(&error);
        Self::new(kind, format!("{attempted} failed")).with_source(error)
    }

    /// Adds the cause, which `Display` leaves to [`source`](StdError::source).
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
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

fn classify_io(error: &io::Error) -> ErrorKind {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::TimedOut | Io::WouldBlock => ErrorKind::Timeout,
        Io::PermissionDenied => ErrorKind::Authentication,
        Io::InvalidData | Io::UnexpectedEof => ErrorKind::Protocol,
        Io::ConnectionRefused
        | Io::ConnectionReset
        | Io::ConnectionAborted
        | Io::BrokenPipe
        | Io::NotConnected
        | Io::NotFound
        | Io::HostUnreachable
        | Io::NetworkUnreachable
        | Io::NetworkDown
        | Io::AddrNotAvailable => ErrorKind::Refused,
        // The resolver's failures have no kind of their own; std words them alike everywhere.
        _ if error.to_string().contains("lookup address") => ErrorKind::Dns,
        _ => ErrorKind::Other,
    }
}

/// The error of every call on [`Connections`](crate::Connections) and on what they hand out.
///
/// `Display` names the connection, what was tried, what came back and what to do; the cause is in
/// [`source`](StdError::source). It never holds a secret.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    connection: Option<Arc<str>>,
    detail: Detail,
}

enum Detail {
    /// A back end's word, shared by all who waited for one attempt.
    Connect {
        attempted: &'static str,
        error: Arc<ConnectError>,
    },
    /// This library's own word: message and what to do.
    Usage {
        message: String,
        help: Option<String>,
    },
    /// Everything that is wrong in the configuration.
    Configuration(Report),
    /// More than one connection failed.
    Several(Vec<Error>),
}

impl Error {
    pub(crate) fn from_shared(
        connection: Arc<str>,
        attempted: &'static str,
        error: Arc<ConnectError>,
    ) -> Self {
        Self(Arc::new(Inner {
            kind: error.kind(),
            connection: Some(connection),
            detail: Detail::Connect { attempted, error },
        }))
    }

    pub(crate) fn usage(kind: ErrorKind, message: impl Into<String>, help: Option<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            connection: None,
            detail: Detail::Usage {
                message: message.into(),
                help,
            },
        }))
    }

    pub(crate) fn for_name(mut self, connection: &Arc<str>) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.connection = Some(Arc::clone(connection));
        }
        self
    }

    pub(crate) fn configuration(report: Report) -> Self {
        Self(Arc::new(Inner {
            kind: ErrorKind::Configuration,
            connection: None,
            detail: Detail::Configuration(report),
        }))
    }

    /// One error for all of `errors`, if there is any; the first one's kind stands for all.
    pub(crate) fn several(mut errors: Vec<Self>) -> Result<(), Self> {
        let Some(first) = errors.first() else {
            return Ok(());
        };
        if errors.len() == 1 {
            return Err(errors.remove(0));
        }
        let kind = first.kind();
        Err(Self(Arc::new(Inner {
            kind,
            connection: None,
            detail: Detail::Several(errors),
        })))
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The connection that the error is about, if it is about one.
    pub fn connection(&self) -> Option<&str> {
        self.0.connection.as_deref()
    }

    /// Whether trying again later may help without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match &self.0.detail {
            Detail::Connect { error, .. } => error.is_transient(),
            Detail::Usage { .. } => self.0.kind.is_transient(),
            Detail::Configuration(_) => false,
            Detail::Several(errors) => errors.iter().all(Self::is_transient),
        }
    }

    /// Whether the failed request had reached the server.
    pub fn request_sent(&self) -> Sent {
        match &self.0.detail {
            Detail::Connect { error, .. } => error.request_sent(),
            _ => Sent::No,
        }
    }

    /// When the server wants to be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.detail {
            Detail::Connect { error, .. } => error.retry_after(),
            _ => None,
        }
    }

    /// What to do next, where there is something to say.
    pub fn help(&self) -> Option<&str> {
        match &self.0.detail {
            Detail::Connect { error, .. } => Some(error.help()).filter(|help| !help.is_empty()),
            Detail::Usage { help, .. } => help.as_deref(),
            Detail::Configuration(_) | Detail::Several(_) => None,
        }
    }

    /// Every mistake found in the configuration, if that is what failed.
    pub fn report(&self) -> Option<&Report> {
        match &self.0.detail {
            Detail::Configuration(report) => Some(report),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.detail {
            Detail::Connect { attempted, error } => {
                let name = self.0.connection.as_deref().unwrap_or("?");
                write!(
                    f,
                    "connection `{name}`: {attempted}: {error} ({})",
                    self.0.kind
                )?;
            }
            Detail::Usage { message, .. } => f.write_str(message)?,
            Detail::Configuration(report) => return report.fmt(f),
            Detail::Several(errors) => {
                write!(f, "{} connections failed:", errors.len())?;
                return errors.iter().try_for_each(|error| write!(f, "\n  {error}"));
            }
        }
        match self.help() {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    /// The message with every cause, as `fn main() -> Result<(), Error>` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut said = String::new();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries' errors wrap another one and say the same again.
            if text != said {
                write!(f, "\n  caused by: {text}")?;
            }
            said = text;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.detail {
            // The connect error's own words are part of `Display`, so the chain goes on behind it.
            Detail::Connect { error, .. } => error.source(),
            _ => None,
        }
    }
}
