//! What Redis and its driver say, in connreg's classification.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use ::redis::{ErrorKind as DriverKind, RedisError, ServerErrorKind, Value};
use connreg::{ConnectError, ErrorKind, Sent};

const CHECK_TLS: &str = "check `ssl`, the certificate's host name and `ssl_ca`";

/// A driver's error, classified. `attempted` names what was tried: `GET`, `connecting to localhost:6379`.
pub fn classify(attempted: &str, error: RedisError) -> ConnectError {
    if let Some(ours) = own_word(&error) {
        return ConnectError::new(ours.kind, format!("{attempted} failed: {ours}"))
            .with_sent(Sent::No);
    }
    let (kind, help) = kind_of(&error);
    let answered = error.code().is_some();
    let mut classified = ConnectError::new(kind, format!("{attempted} failed: {error}"))
        .with_sent(if answered { Sent::Yes } else { Sent::Unknown });
    if let Some(help) = help {
        classified = classified.with_help(help);
    }
    classified.with_source(error)
}

fn kind_of(error: &RedisError) -> (ErrorKind, Option<&'static str>) {
    if refuses_writes(error) {
        return (
            ErrorKind::Role,
            Some("the server is a replica; write to its master"),
        );
    }
    match error.kind() {
        DriverKind::AuthenticationFailed => (ErrorKind::Authentication, None),
        DriverKind::Server(server) => by_server_kind(server, error),
        DriverKind::Extension => by_code(error.code().unwrap_or_default()),
        DriverKind::Io => by_cause(error),
        DriverKind::ClusterConnectionNotFound => in_words(error).unwrap_or((
            ErrorKind::Refused,
            Some(
                "check that the cluster's nodes run and that their announced addresses are reachable",
            ),
        )),
        DriverKind::Parse => (ErrorKind::Protocol, None),
        DriverKind::InvalidClientConfig => (ErrorKind::Configuration, None),
        DriverKind::RESP3NotSupported => (ErrorKind::Version, None),
        // The driver wraps what rustls refuses before it speaks.
        DriverKind::Client if cause_of::<rustls::Error>(error).is_some() => (ErrorKind::Tls, None),
        _ => (ErrorKind::Other, None),
    }
}

fn by_server_kind(
    server: ServerErrorKind,
    error: &RedisError,
) -> (ErrorKind, Option<&'static str>) {
    match server {
        ServerErrorKind::NoPerm => (
            ErrorKind::Authentication,
            Some("grant the user the command and the key (ACL SETUSER)"),
        ),
        ServerErrorKind::BusyLoading
        | ServerErrorKind::MasterDown
        | ServerErrorKind::TryAgain
        | ServerErrorKind::ClusterDown => (
            ErrorKind::Overloaded,
            Some("wait until the server is ready"),
        ),
        ServerErrorKind::ResponseError => {
            let detail = error.detail().unwrap_or_default();
            if detail.contains("max number of clients") {
                (
                    ErrorKind::Overloaded,
                    Some("raise `maxclients`, or use smaller pools"),
                )
            } else if detail.contains("invalid password") || detail.contains("without any password")
            {
                (ErrorKind::Authentication, None)
            } else if detail.contains("DB index is out of range") {
                (ErrorKind::Configuration, Some("correct `database`"))
            } else {
                (ErrorKind::Other, None)
            }
        }
        _ => (ErrorKind::Other, None),
    }
}

/// Of a cluster's first nodes the driver tells in words only why none was good.
fn in_words(error: &RedisError) -> Option<(ErrorKind, Option<&'static str>)> {
    let text = error.to_string();
    if text.contains("invalid peer certificate") || text.contains("received fatal alert") {
        return Some((ErrorKind::Tls, Some(CHECK_TLS)));
    }
    let mut codes = ["NOAUTH", "WRONGPASS"].into_iter();
    codes.find(|code| text.contains(code)).map(by_code)
}

fn by_code(code: &str) -> (ErrorKind, Option<&'static str>) {
    match code {
        "NOAUTH" => (
            ErrorKind::Authentication,
            Some("give `password` (and `username`)"),
        ),
        "WRONGPASS" | "DENIED" => (ErrorKind::Authentication, None),
        "BUSY" => (
            ErrorKind::Overloaded,
            Some("a script runs for long; see SCRIPT KILL"),
        ),
        "OOM" => (
            ErrorKind::Overloaded,
            Some("raise `maxmemory`, or let the server evict"),
        ),
        "MISCONF" | "NOREPLICAS" => (ErrorKind::Overloaded, None),
        _ => (ErrorKind::Other, None),
    }
}

fn by_cause(error: &RedisError) -> (ErrorKind, Option<&'static str>) {
    if cause_of::<rustls::Error>(error).is_some() {
        return (ErrorKind::Tls, Some(CHECK_TLS));
    }
    match cause_of::<io::Error>(error) {
        Some(cause) => {
            let copy = io::Error::new(cause.kind(), cause.to_string());
            match ConnectError::from_io("", copy).kind() {
                // A peer that hangs up has not spoken another protocol.
                ErrorKind::Protocol if cause.kind() == io::ErrorKind::UnexpectedEof => {
                    (ErrorKind::Refused, None)
                }
                kind => (kind, None),
            }
        }
        // The driver's own words for a connection that has ended.
        None => in_words(error).unwrap_or((ErrorKind::Refused, None)),
    }
}

/// The cause of type `T`, through the boxes that the driver and `io::Error` put around it.
fn cause_of<T: StdError + 'static>(error: &RedisError) -> Option<&T> {
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        if let Some(shared) = cause.downcast_ref::<Arc<dyn StdError + Send + Sync>>() {
            next = Some(&**shared);
            continue;
        }
        next = match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

/// Whether a replica refused a write, be it one of a pipeline's.
pub(super) fn refuses_writes(error: &RedisError) -> bool {
    error.kind() == DriverKind::Server(ServerErrorKind::ReadOnly)
        || error.clone().into_server_errors().is_some_and(|errors| {
            let mut errors = errors.iter();
            errors.any(|(_, error)| error.kind() == Some(ServerErrorKind::ReadOnly))
        })
}

/// What a request is answered with.
pub(super) trait Answer {
    /// Whether a replica refused a write: the driver makes errors of these only later.
    fn refuses_writes(&self) -> bool;

    /// Whether a replica has nothing to read yet.
    fn is_unready(&self) -> bool;
}

impl Answer for Value {
    fn refuses_writes(&self) -> bool {
        matches!(self, Self::ServerError(error) if error.kind() == Some(ServerErrorKind::ReadOnly))
    }

    fn is_unready(&self) -> bool {
        matches!(self, Self::ServerError(error) if error.kind().is_some_and(means_unready))
    }
}

impl Answer for Vec<Value> {
    fn refuses_writes(&self) -> bool {
        self.iter().any(Value::refuses_writes)
    }

    fn is_unready(&self) -> bool {
        self.iter().any(Value::is_unready)
    }
}

/// Whether `outcome` says that the server is no master.
pub(super) fn is_refused<T: Answer>(outcome: &Result<T, RedisError>) -> bool {
    match outcome {
        Ok(answer) => answer.refuses_writes(),
        Err(error) => refuses_writes(error),
    }
}

/// Whether `outcome` says that the server is there, but has nothing to read yet: it loads its data, or a replica has lost its
/// master and shows nothing old.
pub(super) fn is_unready<T: Answer>(outcome: &Result<T, RedisError>) -> bool {
    match outcome {
        Ok(answer) => answer.is_unready(),
        Err(error) => matches!(error.kind(), DriverKind::Server(kind) if means_unready(kind)),
    }
}

fn means_unready(kind: ServerErrorKind) -> bool {
    matches!(
        kind,
        ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown
    )
}

/// An error of ours inside the driver's: a request that was never sent.
#[derive(Clone, Debug)]
pub(super) struct OwnWord {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
}

impl OwnWord {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The word of an error with its causes, which the driver's type has no place for.
    pub(super) fn of(error: &ConnectError) -> Self {
        let mut message = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            message = format!("{message}: {cause}");
            next = cause.source();
        }
        Self::new(error.kind(), message)
    }

    /// As the driver's type, which its command traits ask for.
    pub(super) fn into_driver(self) -> RedisError {
        RedisError::from(io::Error::new(io::ErrorKind::NotConnected, self))
    }
}

impl fmt::Display for OwnWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for OwnWord {}

fn own_word(error: &RedisError) -> Option<&OwnWord> {
    cause_of::<OwnWord>(error)
}
