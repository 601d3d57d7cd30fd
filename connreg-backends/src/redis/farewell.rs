//! Why a server hung up during the handshake: it may have said so, in a reply that nobody read.
//!
//! A server that is full writes its error and closes; the driver, still sending, sees the closed socket first.

use std::io::ErrorKind as Io;
use std::time::Duration;

use ::redis::ConnectionAddr;
use connreg::{ConnectError, ErrorKind};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::classify;

/// How long the server has to say it again.
const LISTENING: Duration = Duration::from_millis(250);

/// Gives `error` what the server says to one who only listens.
pub(super) async fn explain(
    attempted: &str,
    error: ConnectError,
    address: &ConnectionAddr,
) -> ConnectError {
    let ConnectionAddr::Tcp(host, port) = address else {
        return error;
    };
    if !matches!(error.kind(), ErrorKind::Refused | ErrorKind::Protocol) {
        return error;
    }
    let Ok(Ok(stream)) = timeout(LISTENING, TcpStream::connect((&**host, *port))).await else {
        return error;
    };
    if let Ok(Ok(said)) = timeout(LISTENING, listen(&stream)).await
        && said.starts_with(b"-")
        && let Ok(value) = ::redis::parse_redis_value(&said)
        && let Err(said) = value.extract_error()
    {
        return classify(attempted, said);
    }
    // Something is there, so what was spoken did not suit it.
    error.with_help("check the port; if the server wants TLS there, set `ssl: true`")
}

async fn listen(stream: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut said = vec![0; 512];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut said) {
            Ok(length) => {
                said.truncate(length);
                return Ok(said);
            }
            Err(error) if error.kind() == Io::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
