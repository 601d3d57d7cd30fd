//! A command line that knows a connection type of one's own:
//! `cargo run --example own_cli --features cli -- types printer`
use std::process::ExitCode;
use std::time::Duration;

use connreg::{Backend, ConnectError, Context, Secret, Settings, connection};
use connreg_backends as _; // the built-in types, as far as their features are on
use tokio::net::TcpStream;

/// A line printer on the network.
#[connection(type = "printer", category = "office", validate = Printer::has_place)]
pub struct Printer {
    /// Where it listens. Required unless there is a queue.
    #[setting(example = "printer.office.example")]
    pub host: Option<String>,
    /// Its port.
    #[setting(default = 9100, range = 1..=65535)]
    pub port: u16,
    /// The queue of a print server, in place of a host.
    pub queue: Option<String>,
    /// Sent before each job.
    pub pin: Secret,
    /// How long it may be silent.
    #[setting(default = "30s", range = "1ms..=10min")]
    pub patience: Duration,
    /// The paper that is in it.
    pub paper: Paper,
    /// Who gets to know of a jam.
    pub jam: Option<Notice>,
}

/// A size of paper.
#[derive(Clone, Copy, Debug, Settings)]
pub enum Paper {
    /// 210 × 297 mm.
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

/// Whom to tell, and how.
#[derive(Settings)]
pub struct Notice {
    /// The addresses.
    #[setting(min_len = 1)]
    pub to: Vec<String>,
    /// What lets us send.
    pub token: Secret,
}

impl Printer {
    fn has_place(&self) -> Result<(), &'static str> {
        match (&self.host, &self.queue) {
            (None, None) => Err("set `host` or `queue`"),
            _ => Ok(()),
        }
    }
}

impl Backend for Printer {
    type Client = TcpStream;

    async fn connect(&self, _context: &Context) -> Result<TcpStream, ConnectError> {
        let host = self.host.as_deref().unwrap_or("localhost");
        let address = format!("{host}:{}", self.port);
        let failed = |error| ConnectError::from_io(format_args!("connecting to {address}"), error);
        TcpStream::connect(&address).await.map_err(failed)
    }

    async fn check(client: &TcpStream) -> Result<(), ConnectError> {
        let failed = |error| ConnectError::from_io("asking for the peer", error);
        client.peer_addr().map(drop).map_err(failed)
    }
}

fn main() -> ExitCode {
    connreg::cli::run()
}
