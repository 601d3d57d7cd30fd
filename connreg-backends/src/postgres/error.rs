//! From the driver's errors to kinds: what went wrong, whether it was sent, and what to do.

use std::error::Error as StdError;
use std::io;

use connreg::{ConnectError, Error, ErrorKind, Sent};
use tokio_postgres::error::{DbError, Severity, SqlState};

/// The SQLSTATE that the server answered with, if it was the server that said no.
///
/// # Examples
///
/// ```
/// # async fn insert(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// use connreg_backends::postgres::{SqlState, sql_state};
///
/// let added = db.execute("INSERT INTO users (name) VALUES ($1)", &[&"ann"]).await;
/// if added.as_ref().err().and_then(sql_state) == Some(&SqlState::UNIQUE_VIOLATION) {
///     println!("there is an ann already");
/// }
/// # Ok(())
/// # }
/// ```
pub fn sql_state(error: &Error) -> Option<&SqlState> {
    db_error(error).map(DbError::code)
}

/// All that the server said, if it was the server that said no: detail, hint, table, constraint, ….
pub fn db_error(error: &Error) -> Option<&DbError> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<DbError>() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

/// What it means that a session could not be opened at `place`.
pub(super) fn of_connecting(place: &str, error: tokio_postgres::Error) -> ConnectError {
    if let Some(said) = error.as_db_error() {
        let kind = match kind_of(said.code()) {
            // An unknown database, a setting that the server does not know, and the like.
            ErrorKind::Other => ErrorKind::Configuration,
            kind => kind,
        };
        return ConnectError::new(
            kind,
            format!("{place} refused the session: {}", said_by(said)),
        )
        .with_source(error);
    }
    if let Some(cause) = find::<rustls::Error>(&error) {
        let message = format!("TLS with {place} failed: {cause}");
        return ConnectError::new(ErrorKind::Tls, message).with_source(error);
    }
    let words = error.to_string();
    if words.starts_with("error performing TLS handshake") {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        return ConnectError::new(ErrorKind::Tls, format!("TLS with {place} failed: {cause}"))
            .with_source(error);
    }
    if words.starts_with("invalid configuration") {
        // The only thing that is left to be missing at this point.
        let message = format!("{place} asks for a password, and none is configured");
        return ConnectError::new(ErrorKind::Authentication, message)
            .with_help("set `password`, or allow the user in without one")
            .with_source(error);
    }
    if words.starts_with("authentication error") {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        let message = format!("{place} and this client can't agree on how to log in: {cause}");
        return ConnectError::new(ErrorKind::Authentication, message).with_source(error);
    }
    if let Some(cause) = find::<io::Error>(&error) {
        if cause.kind() == io::ErrorKind::UnexpectedEof {
            return of_early_end(place, error);
        }
        let classified = ConnectError::from_io("", io::Error::new(cause.kind(), cause.to_string()));
        if classified.kind() != ErrorKind::Other {
            let message = format!("connecting to {place} failed: {cause}");
            return ConnectError::new(classified.kind(), message).with_source(error);
        }
    }
    if error.is_closed() {
        return of_early_end(place, error);
    }
    let message = format!("{place} does not answer as PostgreSQL does: {error}");
    ConnectError::new(ErrorKind::Protocol, message).with_source(error)
}

fn of_early_end(place: &str, error: tokio_postgres::Error) -> ConnectError {
    let message = format!("{place} ended the connection before the session was open");
    ConnectError::new(ErrorKind::Refused, message).with_source(error)
}

/// What it means that a request failed on an open session.
pub(super) fn of_request(error: tokio_postgres::Error) -> ConnectError {
    if let Some(said) = error.as_db_error() {
        let kind = kind_of(said.code());
        let failed = ConnectError::new(kind, said_by(said)).with_sent(Sent::Yes);
        let failed = match advice(said) {
            Some(help) => failed.with_help(help),
            None => failed,
        };
        let again = matches!(
            *said.code(),
            SqlState::T_R_SERIALIZATION_FAILURE
                | SqlState::T_R_DEADLOCK_DETECTED
                | SqlState::LOCK_NOT_AVAILABLE
        );
        return if again {
            failed.with_transient(true)
        } else {
            failed
        }
        .with_source(error);
    }
    let words = error.to_string();
    if words.starts_with("query returned an unexpected number") {
        return ConnectError::new(ErrorKind::Other, words)
            .with_sent(Sent::Yes)
            .with_help("`query_opt` allows for no row, `query` for any number")
            .with_source(error);
    }
    if words.starts_with("error serializing parameter") || words.starts_with("expected") {
        let message = match error.source() {
            Some(cause) => format!("{words}: {cause}"),
            None => words,
        };
        return ConnectError::new(ErrorKind::Other, message)
            .with_help("compare the parameters with what the statement takes")
            .with_source(error);
    }
    let lost = error.is_closed() || find::<io::Error>(&error).is_some();
    if lost && !words.starts_with("error parsing") {
        return ConnectError::new(ErrorKind::Refused, "the server ended the connection")
            .with_sent(Sent::Unknown)
            .with_help(
                "the next call takes another connection; see the server's log for the reason",
            )
            .with_source(error);
    }
    ConnectError::new(ErrorKind::Protocol, words)
        .with_sent(Sent::Unknown)
        .with_source(error)
}

/// A write within a transaction that was begun as read-only.
pub(super) fn of_write_in_read_only(error: tokio_postgres::Error) -> ConnectError {
    let message = error.as_db_error().map(said_by).unwrap_or_default();
    ConnectError::new(ErrorKind::Other, message)
        .with_sent(Sent::Yes)
        .with_help("begin the transaction without `read_only`")
        .with_source(error)
}

/// The server's words and code.
pub(super) fn said_by(error: &DbError) -> String {
    format!("{} (SQLSTATE {})", error.message(), error.code().code())
}

/// Ours where there is something better to say than the kind does, else the server's own hint.
fn advice(error: &DbError) -> Option<String> {
    let help = match *error.code() {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            "run the whole transaction again"
        }
        SqlState::INSUFFICIENT_PRIVILEGE => "grant the user what it needs, or use another user",
        SqlState::QUERY_CANCELED => {
            "make the statement faster, or raise the server's `statement_timeout`"
        }
        _ => return error.hint().map(ToOwned::to_owned),
    };
    Some(help.to_owned())
}

fn kind_of(code: &SqlState) -> ErrorKind {
    match *code {
        SqlState::PROTOCOL_VIOLATION => ErrorKind::Protocol,
        SqlState::READ_ONLY_SQL_TRANSACTION => ErrorKind::Role,
        SqlState::INSUFFICIENT_PRIVILEGE => ErrorKind::Authentication,
        SqlState::INVALID_CATALOG_NAME | SqlState::DATABASE_DROPPED => ErrorKind::Configuration,
        SqlState::QUERY_CANCELED | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
            ErrorKind::Timeout
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            ErrorKind::Refused
        }
        _ => match code.code().get(..2) {
            Some("08") => ErrorKind::Refused,
            Some("28") => ErrorKind::Authentication,
            Some("53") => ErrorKind::Overloaded,
            _ => ErrorKind::Other,
        },
    }
}

/// Whether nothing can be asked of the session after `error`.
pub(super) fn ends_session(error: &tokio_postgres::Error) -> bool {
    let fatal = error.as_db_error().is_some_and(|said| {
        matches!(
            said.parsed_severity(),
            Some(Severity::Fatal | Severity::Panic)
        )
    });
    fatal || error.is_closed() || find::<io::Error>(error).is_some()
}

/// The first cause of type `T`; an I/O error is looked into as well.
fn find<T: StdError + 'static>(error: &tokio_postgres::Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<T>()) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
