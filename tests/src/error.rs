//! Why a server could not be had or started.

use std::fmt;

/// Why there is no server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HarnessError {
    /// No way to get the server on this machine: its tests are ignored, or fail under `CI=true`.
    Unavailable(String),
    /// The server is there and did not do as asked: always a failure.
    Failed(String),
}

impl HarnessError {
    pub(crate) fn failed(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::Failed(format!("{what}: {cause}"))
    }
}

impl fmt::Display for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(reason) | Self::Failed(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for HarnessError {}

/// A failure inside a test is that test's failure, so the public calls panic with the reason.
pub(crate) fn or_panic<T>(result: Result<T, HarnessError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
