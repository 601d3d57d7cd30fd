//! What one call of `run_with` does otherwise than its connection's policy says.

use std::time::Duration;

use super::{ByType, RetrySettings};

/// What one call does otherwise than its connection's policy says.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use connreg::policy::CallPolicy;
///
/// let report = CallPolicy::new()
///     .operation("SELECT")
///     .deadline(Duration::from_secs(2))
///     .idempotent();
/// # let _ = report;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CallPolicy<C = ByType> {
    pub(crate) deadline: Deadline,
    pub(crate) retry: Option<RetrySettings>,
    pub(crate) repeat: Repeat,
    pub(crate) operation: Option<&'static str>,
    pub(crate) classifier: C,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    OfConnection,
    After(Duration),
    Never,
}

/// What may be tried again once the work has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Nothing: the work may have done a part of what it does.
    Never,
    /// What never left this machine: the work is one request.
    Unsent,
    /// Whatever may succeed the next time: doing it twice is as good as once.
    Transient,
}

impl CallPolicy {
    /// As the connection's policy says.
    pub const fn new() -> Self {
        Self {
            deadline: Deadline::OfConnection,
            retry: None,
            repeat: Repeat::Never,
            operation: None,
            classifier: ByType,
        }
    }
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> CallPolicy<C> {
    /// How long the call may take in all: waiting for its turn, opening the connection, every attempt and delay.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Deadline::After(limit);
        self
    }

    /// It may take as long as it takes.
    pub fn no_deadline(mut self) -> Self {
        self.deadline = Deadline::Never;
        self
    }

    /// How it is tried again, in place of the connection's `retry`.
    pub fn retry(mut self, settings: RetrySettings) -> Self {
        self.retry = Some(settings);
        self
    }

    /// It is tried once.
    pub fn no_retry(self) -> Self {
        self.retry(RetrySettings {
            enabled: false,
            ..RetrySettings::default()
        })
    }

    /// Doing the work twice is as good as once: any transient failure is tried again.
    pub const fn idempotent(mut self) -> Self {
        self.repeat = Repeat::Transient;
        self
    }

    /// The work is one request: it is tried again if it is known never to have been sent.
    ///
    /// Not for work of several requests: the first of them may have done its part when the second one is not sent.
    pub fn single_request(mut self) -> Self {
        self.repeat = Repeat::Unsent;
        self
    }

    /// What it does, in a word or two, for spans and errors: `SELECT`, `load basket`.
    pub fn operation(mut self, name: &'static str) -> Self {
        self.operation = Some(name);
        self
    }

    /// What is to be known of an error, in place of its [`Classify`](super::Classify): whether trying again may help,
    /// and whether the breaker counts it.
    ///
    /// # Examples
    ///
    /// ```
    /// use connreg::policy::{CallPolicy, Classify, Fault};
    ///
    /// let patient = CallPolicy::new().classify(|error: &connreg::Error| {
    ///     if error.to_string().contains("being rebuilt") {
    ///         Fault::transient()
    ///     } else {
    ///         error.fault()
    ///     }
    /// });
    /// # let _ = patient;
    /// ```
    pub fn classify<E, F: Fn(&E) -> super::Fault>(self, classifier: F) -> CallPolicy<F> {
        CallPolicy {
            deadline: self.deadline,
            retry: self.retry,
            repeat: self.repeat,
            operation: self.operation,
            classifier,
        }
    }
}
