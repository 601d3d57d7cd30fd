//! The errors of every operation: what failed, for which connection, why, and what to do next.
//!
//! [`ConnectError`] is what a back end reports; [`Error`] is what a caller sees, with the connection's name.
//! The mistakes found in configuration files are in [`crate::config`].

mod connect;
mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use connect::ConnectError;
pub use kind::{ErrorKind, Sent};

use crate::config::Report;

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

    /// Whether both are one error, shared.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The error that this one goes back to: itself, unless it repeats another.
    pub(crate) fn root(&self) -> &Self {
        let mut root = self;
        while let Some(cause) = StdError::source(root).and_then(<dyn StdError>::downcast_ref) {
            root = cause;
        }
        root
    }

    /// What to do next, where there is something to say.
    pub fn help(&self) -> Option<&str> {
        match &self.0.detail {
            Detail::Connect { error, .. } => Some(error.help()).filter(|help| !help.is_empty()),
            Detail::Usage { help, .. } => help.as_deref(),
            Detail::Configuration(_) | Detail::Several(_) => None,
        }
    }

    /// What failed, without what to do next.
    pub fn message(&self) -> String {
        Message(self).to_string()
    }

    /// Why, each cause before its own cause.
    pub fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries' errors wrap another one and say the same again.
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            cause = error.source();
        }
        causes
    }

    /// Every mistake found in the configuration, if that is what failed.
    pub fn report(&self) -> Option<&Report> {
        match &self.0.detail {
            Detail::Configuration(report) => Some(report),
            _ => None,
        }
    }
}

/// What failed: `Display` without the advice.
struct Message<'e>(&'e Error);

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            connection,
            detail,
        } = &*self.0.0;
        match detail {
            Detail::Connect { attempted, error } => {
                let name = connection.as_deref().unwrap_or("?");
                write!(f, "connection `{name}`: {attempted}: {error} ({kind})")
            }
            Detail::Usage { message, .. } => f.write_str(message),
            Detail::Configuration(report) => {
                let noun = match report.errors().count() {
                    1 => "a mistake",
                    _ => "mistakes",
                };
                let report = report.to_string();
                write!(f, "the configuration has {noun}\n\n{}", report.trim_end())
            }
            Detail::Several(errors) => {
                write!(f, "{} connections failed:", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Message(self).fmt(f)?;
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
        let mut causes = self.causes().into_iter();
        causes.try_for_each(|cause| write!(f, "\n  caused by: {cause}"))
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
