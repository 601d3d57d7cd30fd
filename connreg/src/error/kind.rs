//! The one classification of what goes wrong, and whether a request was sent.

use std::fmt;
use std::io;

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
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Dns,
        Self::Refused,
        Self::Timeout,
        Self::Tls,
        Self::Authentication,
        Self::Role,
        Self::Version,
        Self::Overloaded,
        Self::Protocol,
        Self::Configuration,
        Self::Closed,
        Self::NotFound,
        Self::WrongType,
        Self::Other,
    ];

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

    /// The kind of the operating system's error: refused, timed out, not found by name.
    pub(crate) fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind as Io;
        match error.kind() {
            Io::TimedOut | Io::WouldBlock => Self::Timeout,
            Io::PermissionDenied => Self::Authentication,
            Io::InvalidData | Io::UnexpectedEof => Self::Protocol,
            Io::ConnectionRefused
            | Io::ConnectionReset
            | Io::ConnectionAborted
            | Io::BrokenPipe
            | Io::NotConnected
            | Io::NotFound
            | Io::HostUnreachable
            | Io::NetworkUnreachable
            | Io::NetworkDown
            | Io::AddrNotAvailable => Self::Refused,
            // The resolver's failures have no kind of their own; std words them alike everywhere.
            _ if error.to_string().contains("lookup address") => Self::Dns,
            _ => Self::Other,
        }
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
