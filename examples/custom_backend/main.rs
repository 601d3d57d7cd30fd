//! A connection type of one's own: `cargo run --example custom_backend`
use connreg::{Backend, ConnectError, Connections, Context, connection};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// A server that tells the time of day (RFC 867).
#[connection(type = "daytime", category = "clock")]
pub struct Daytime {
    /// The server's host.
    pub host: String,
    /// The server's port.
    #[setting(default = 13, range = 1..=65535)]
    pub port: u16,
}

impl Backend for Daytime {
    type Client = Clock;

    async fn connect(&self, _context: &Context) -> Result<Clock, ConnectError> {
        let clock = Clock(format!("{}:{}", self.host, self.port));
        Self::check(&clock).await.map(|()| clock)
    }

    async fn check(clock: &Clock) -> Result<(), ConnectError> {
        let failed = |error| ConnectError::from_io("asking the time", error);
        clock.now().await.map(drop).map_err(failed)
    }
}

/// The client of such a server.
#[derive(Debug)]
pub struct Clock(String);

impl Clock {
    /// The time of day: each answer takes a new connection, as the protocol wants it.
    pub async fn now(&self) -> std::io::Result<String> {
        let mut answer = String::new();
        let mut stream = TcpStream::connect(&self.0).await?;
        stream.read_to_string(&mut answer).await.map(|_| answer)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = connreg_examples::serve_daytime().await?;
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/custom_backend/config");
    let builder = Connections::builder().directory(files);
    let connections = builder.set("clock.port", port.to_string()).load().await?;
    let clock = connections.get::<Daytime>("clock")?;
    let now = clock.client().await?.now().await?;
    println!("the clock says {}", now.trim());
    println!("health: {}", clock.state());
    Ok(())
}
