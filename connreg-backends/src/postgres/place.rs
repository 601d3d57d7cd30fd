//! A server to try.

use std::net::IpAddr;
use std::path::PathBuf;

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A host by name or address; with `address` the name is not looked up.
    Tcp {
        host: String,
        address: Option<IpAddr>,
        port: u16,
    },
    /// The directory of a Unix socket.
    Socket { directory: PathBuf, port: u16 },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp {
                host,
                address,
                port,
            } => {
                if host.contains(':') {
                    write!(f, "[{host}]:{port}")?;
                } else {
                    write!(f, "{host}:{port}")?;
                }
                match address {
                    Some(address) if address.to_string() != *host => write!(f, " ({address})"),
                    _ => Ok(()),
                }
            }
            Self::Socket { directory, port } => {
                write!(
                    f,
                    "{}",
                    directory.join(format!(".s.PGSQL.{port}")).display()
                )
            }
        }
    }
}

impl Place {
    /// Whether what is sent there stays on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Socket { .. } => true,
            Self::Tcp {
                address: Some(address),
                ..
            } => address.is_loopback(),
            Self::Tcp {
                host,
                address: None,
                ..
            } => {
                host.eq_ignore_ascii_case("localhost")
                    || host
                        .parse()
                        .is_ok_and(|address: IpAddr| address.is_loopback())
            }
        }
    }
}
