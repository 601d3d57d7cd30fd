//! What a policy must know of an operation's error, and where it learns it from.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use crate::error::{ConnectError, Error, ErrorKind, Sent};

/// What a policy must know of an error: its kind, whether trying again may help, whether the request was sent.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use connreg::{ErrorKind, Sent};
/// use connreg::policy::Fault;
///
/// let busy = Fault::of(ErrorKind::Overloaded).retry_after(Duration::from_secs(2));
/// assert!(busy.is_transient());
/// assert!(!Fault::permanent().is_transient());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Fault {
    kind: ErrorKind,
    transient: bool,
    sent: Sent,
    retry_after: Option<Duration>,
}

impl Fault {
    /// A fault of `kind`, transient where the kind is; whether the request was sent is unknown.
    pub const fn of(kind: ErrorKind) -> Self {
        Self {
            kind,
            transient: kind.is_transient(),
            sent: Sent::Unknown,
            retry_after: None,
        }
    }

    /// Trying again may help; breakers count it.
    pub const fn transient() -> Self {
        Self {
            transient: true,
            ..Self::of(ErrorKind::Other)
        }
    }

    /// Trying again does not help, and the server is not to blame: no policy acts on it.
    pub const fn permanent() -> Self {
        Self::of(ErrorKind::Other)
    }

    /// Says whether the failed request had reached the server.
    pub const fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }

    /// Passes on the server's own word on when to try again.
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// What went wrong.
    pub const fn kind(self) -> ErrorKind {
        self.kind
    }

    /// Whether trying again may help.
    pub const fn is_transient(self) -> bool {
        self.transient
    }

    /// Whether the failed request had reached the server.
    pub const fn request_sent(self) -> Sent {
        self.sent
    }

    /// When the server wants to be asked again, if it said so.
    pub const fn server_delay(self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether a circuit breaker counts it as a failure of the server: transient, and not ended by this program.
    pub const fn is_failure(self) -> bool {
        self.transient && !matches!(self.kind, ErrorKind::Closed)
    }
}

/// An error that says what a policy must know of it.
///
/// Implemented for the errors of connreg and its back ends; implement it for an error type of your own that wraps
/// one, with [`From<Error>`](Error) beside it, and [`run`](crate::Connection::run) takes operations that return it.
///
/// # Examples
///
/// ```
/// use connreg::policy::{Classify, Fault};
///
/// enum ShopError {
///     Connection(connreg::Error),
///     OutOfStock,
/// }
///
/// impl From<connreg::Error> for ShopError {
///     fn from(error: connreg::Error) -> Self {
///         Self::Connection(error)
///     }
/// }
///
/// impl Classify for ShopError {
///     fn fault(&self) -> Fault {
///         match self {
///             Self::Connection(error) => error.fault(),
///             Self::OutOfStock => Fault::permanent(),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "connreg can't tell whether trying again after `{Self}` may help",
    label = "`Classify` is not implemented for this error type",
    note = "write `impl connreg::policy::Classify for {Self}`, or pass a closure to `CallPolicy::classify`"
)]
pub trait Classify {
    /// What a policy must know of this error.
    fn fault(&self) -> Fault;

    /// The connection's own error in it, told to those whom an open breaker turns away.
    fn cause(&self) -> Option<&Error> {
        None
    }
}

impl Classify for Error {
    fn fault(&self) -> Fault {
        Fault {
            kind: self.kind(),
            transient: self.is_transient(),
            sent: self.request_sent(),
            retry_after: self.retry_after(),
        }
    }

    fn cause(&self) -> Option<&Error> {
        Some(self)
    }
}

impl Classify for ConnectError {
    fn fault(&self) -> Fault {
        Fault {
            kind: self.kind(),
            transient: self.is_transient(),
            sent: self.request_sent(),
            retry_after: self.retry_after(),
        }
    }
}

impl Classify for io::Error {
    fn fault(&self) -> Fault {
        Fault::of(ErrorKind::of_io(self))
    }
}

/// The first error in the chain of causes that is known.
impl Classify for Box<dyn StdError + Send + Sync> {
    fn fault(&self) -> Fault {
        known(&**self, |error| {
            let ours = error.downcast_ref::<Error>().map(Classify::fault);
            ours.or_else(|| error.downcast_ref::<ConnectError>().map(Classify::fault))
                .or_else(|| error.downcast_ref::<io::Error>().map(Classify::fault))
        })
        .unwrap_or(Fault::permanent())
    }

    fn cause(&self) -> Option<&Error> {
        known(&**self, |error| error.downcast_ref::<Error>())
    }
}

/// The first of `error` and its causes that `look` knows something of.
fn known<'e, T>(
    error: &'e (dyn StdError + 'static),
    look: impl Fn(&'e (dyn StdError + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = look(error) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Tells a policy what it must know of the errors of type `E`: [`ByType`], or a closure `Fn(&E) -> Fault`.
pub trait Classifier<E> {
    /// What a policy must know of `error`.
    fn classify(&self, error: &E) -> Fault;

    /// The connection's own error in it, if there is one.
    fn cause<'e>(&self, error: &'e E) -> Option<&'e Error> {
        let _ = error;
        None
    }
}

/// Asks the error itself, by [`Classify`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ByType;

impl<E: Classify> Classifier<E> for ByType {
    fn classify(&self, error: &E) -> Fault {
        error.fault()
    }

    fn cause<'e>(&self, error: &'e E) -> Option<&'e Error> {
        error.cause()
    }
}

impl<E, F: Fn(&E) -> Fault> Classifier<E> for F {
    fn classify(&self, error: &E) -> Fault {
        self(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_failure() {
        for (kind, counts) in [
            (ErrorKind::Dns, true),
            (ErrorKind::Refused, true),
            (ErrorKind::Timeout, true),
            (ErrorKind::Overloaded, true),
            (ErrorKind::Role, true),
            (ErrorKind::Authentication, false),
            (ErrorKind::Configuration, false),
            (ErrorKind::Closed, false),
            (ErrorKind::Other, false),
        ] {
            assert_eq!(Fault::of(kind).is_failure(), counts, "{kind}");
        }
    }

    #[test]
    fn a_cause_behind_a_foreign_error_is_found() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let hidden: Box<dyn StdError + Send + Sync> =
            Box::new(ConnectError::new(ErrorKind::Other, "wrapped").with_source("text"));
        assert_eq!(hidden.fault(), Fault::permanent().sent(Sent::No));
        let boxed: Box<dyn StdError + Send + Sync> = refused.into();
        assert_eq!(boxed.fault().kind(), ErrorKind::Refused);
    }
}
