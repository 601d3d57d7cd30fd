//! Where a host is: looked up at each connect, and remembered for when nobody can tell.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::warn;

use crate::error::{ConnectError, ErrorKind};

/// What the last look-up of each host gave. Names mean the same to all connections of a process.
static KNOWN: Mutex<BTreeMap<String, Vec<IpAddr>>> = Mutex::new(BTreeMap::new());

/// So many hosts are remembered, which is more than any configuration names; a server may announce any number.
const MOST: usize = 1024;

/// The addresses of `host` with `port`, each once, in the resolver's order. For back ends: call it at each connect, and try
/// them all.
///
/// Always asks the operating system's resolver, so that a changed answer counts at once. If that fails, or takes longer than half of `limit`, the
/// addresses of the last look-up that worked are given again, with a warning in the log: a name server that is down is no reason for
/// a database to be. An address in place of a name is given back as it is.
///
/// # Errors
///
/// The look-up failed, or was not done within `limit`, and none has worked before: kind [`Dns`](ErrorKind::Dns).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), connreg::ConnectError> {
/// let addresses = connreg::resolve("localhost", 5432, Duration::from_secs(10)).await?;
/// assert!(addresses.iter().all(|address| address.ip().is_loopback()));
/// # Ok(())
/// # }
/// ```
pub async fn resolve(
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let at_port = |addresses: Vec<IpAddr>| {
        let with_port = |address| SocketAddr::new(address, port);
        addresses.into_iter().map(with_port).collect()
    };
    if let Ok(address) = host.parse() {
        return Ok(at_port(vec![address]));
    }
    let known = known(host);
    // What is left is for connecting.
    let limit = if known.is_some() { limit / 2 } else { limit };
    let cause = match timeout(limit, look_up(host.to_owned())).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            remember(host, &addresses);
            return Ok(at_port(addresses));
        }
        Ok(Ok(_)) => io::Error::other("the name has no address"),
        Ok(Err(error)) => error,
        Err(_) => io::Error::other(format!("no answer within {limit:?}")),
    };
    let Some(addresses) = known else {
        let message = format!("the host `{host}` could not be found");
        return Err(ConnectError::new(ErrorKind::Dns, message).with_source(cause));
    };
    warn!(host, error = %cause, "the name could not be looked up; using the addresses of the last time");
    Ok(at_port(addresses))
}

async fn look_up(host: String) -> io::Result<Vec<IpAddr>> {
    let looked_up = spawn_blocking(move || {
        let mut addresses: Vec<IpAddr> = Vec::new();
        for found in (host.as_str(), 0).to_socket_addrs()? {
            if !addresses.contains(&found.ip()) {
                addresses.push(found.ip());
            }
        }
        Ok(addresses)
    });
    looked_up.await.map_err(io::Error::other)?
}

fn known(host: &str) -> Option<Vec<IpAddr>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get(host).cloned()
}

fn remember(host: &str, addresses: &[IpAddr]) {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let has_room = known.len() < MOST;
    match known.get_mut(host) {
        Some(before) if before == addresses => {}
        Some(before) => *before = addresses.to_vec(),
        None if has_room => _ = known.insert(host.to_owned(), addresses.to_vec()),
        None => {}
    }
}
