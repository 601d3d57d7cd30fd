//! What SQLite says, in connreg's classification.

use connreg::{ConnectError, ErrorKind, Sent};
use rusqlite::Error as Rusqlite;
use rusqlite::ffi::ErrorCode;

/// What a closure given to the client may fail with: SQLite's errors and its own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// `error`, with `attempted` said before it.
pub(super) fn classify(attempted: &str, error: Rusqlite) -> ConnectError {
    let message = format!("{attempted} failed: {}", told(&error));
    let (kind, help) = kind_of(&error);
    let mut classified = ConnectError::new(kind, message).with_sent(Sent::Yes);
    if kind == ErrorKind::Role {
        classified = classified.with_transient(false);
    }
    if let Some(help) = help {
        classified = classified.with_help(help);
    }
    // This one prints the whole statement, which may hold somebody's literal.
    if matches!(error, Rusqlite::SqlInputError { .. }) {
        return classified;
    }
    classified.with_source(error)
}

/// An error that a caller's closure ended with.
pub(super) fn classify_boxed(attempted: &str, error: BoxError) -> ConnectError {
    match error.downcast::<Rusqlite>() {
        Ok(error) => classify(attempted, *error),
        Err(error) => {
            let message = format!("{attempted} failed: {error}");
            ConnectError::new(ErrorKind::Other, message)
                .with_help("the closure that was given to the client returned this error")
                .with_sent(Sent::Yes)
                .with_source(error)
        }
    }
}

fn told(error: &Rusqlite) -> String {
    match error {
        Rusqlite::SqlInputError { msg, offset, .. } => {
            format!("{msg} (at byte {offset} of the statement)")
        }
        Rusqlite::InvalidParameterCount(given, wanted) => {
            format!("the statement has {wanted} parameters, {given} were given")
        }
        Rusqlite::QueryReturnedNoRows => "no row came back".into(),
        _ => error.to_string(),
    }
}

fn kind_of(error: &Rusqlite) -> (ErrorKind, Option<&'static str>) {
    let Some(code) = error.sqlite_error_code() else {
        return (
            ErrorKind::Other,
            Some("correct the statement or its parameters"),
        );
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => (
            ErrorKind::Overloaded,
            Some("another connection is writing; keep transactions short, or raise `busy_timeout`"),
        ),
        ErrorCode::ReadOnly => (
            ErrorKind::Role,
            Some("take `read_only` out of the configuration, or make the file writable"),
        ),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => (
            ErrorKind::Authentication,
            Some("check the permissions of the file and its directory"),
        ),
        ErrorCode::CannotOpen => (
            ErrorKind::Configuration,
            Some("check `path` and the permissions of the file and its directory"),
        ),
        ErrorCode::NotADatabase => (
            ErrorKind::Protocol,
            Some("`path` names a file that is no SQLite database, or an encrypted one"),
        ),
        ErrorCode::DatabaseCorrupt => (ErrorKind::Protocol, Some("restore the file from a backup")),
        ErrorCode::OperationInterrupted => (ErrorKind::Closed, None),
        ErrorCode::DiskFull => (ErrorKind::Overloaded, Some("free space on the disk")),
        ErrorCode::ConstraintViolation => (
            ErrorKind::Other,
            Some("what was written breaks a constraint of the table"),
        ),
        _ => (ErrorKind::Other, None),
    }
}
