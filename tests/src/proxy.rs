//! The fault proxy: between a client and a server, and as bad a network as a test asks for.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::error::{HarnessError, or_panic};
use crate::guard::EndBy;
use crate::place::Folder;
use crate::port::Port;
use crate::process::Launch;
use crate::server::Server;
use crate::source::{TOXIPROXY, toxiproxy};

/// How long the proxy may take to do as it is told.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const NAME: &str = "link";

/// What is wrong with the answers that come back from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They come later: by `delay`, give or take `jitter`.
    Latency {
        /// How much later.
        delay: Duration,
        /// Give or take.
        jitter: Duration,
    },
    /// They come at so many kilobytes a second.
    Bandwidth(u64),
    /// They don't come, and the socket stays open.
    Silence,
    /// The connection is reset, with `RST`, when the next one is on its way.
    Reset,
    /// They come in pieces of about so many bytes, a millisecond apart.
    Slices(u64),
    /// The connection ends after so many bytes, most likely in the middle of one.
    Truncation(u64),
}

impl Fault {
    fn toxic(self) -> String {
        let (kind, attributes) = match self {
            Self::Latency { delay, jitter } => (
                "latency",
                format!(
                    r#""latency":{},"jitter":{}"#,
                    delay.as_millis(),
                    jitter.as_millis()
                ),
            ),
            Self::Bandwidth(rate) => ("bandwidth", format!(r#""rate":{rate}"#)),
            Self::Silence => ("timeout", r#""timeout":0"#.to_owned()),
            Self::Reset => ("reset_peer", r#""timeout":0"#.to_owned()),
            Self::Slices(size) => (
                "slicer",
                format!(
                    r#""average_size":{size},"size_variation":{},"delay":1000"#,
                    size / 2
                ),
            ),
            Self::Truncation(bytes) => ("limit_data", format!(r#""bytes":{bytes}"#)),
        };
        format!(
            r#"{{"name":"{kind}","type":"{kind}","stream":"downstream","attributes":{{{attributes}}}}}"#
        )
    }
}

/// A proxy of the test's own in front of one server, stopped when dropped.
///
/// Every method blocks, for milliseconds.
#[derive(Debug)]
pub struct FaultProxy {
    control: Port,
    port: Port,
    _server: Server,
    _folder: Folder,
}

impl FaultProxy {
    /// A proxy before the server at `port` of the loopback address, with no fault yet.
    ///
    /// # Panics
    ///
    /// When it can't be had or started; the message says why.
    #[must_use]
    pub fn before(port: u16) -> Self {
        or_panic(Self::try_before(port))
    }

    fn try_before(upstream: u16) -> Result<Self, HarnessError> {
        let source = toxiproxy()?;
        let folder = Folder::new("toxiproxy")?;
        let (control, port) = (Port::reserve()?, Port::reserve()?);
        let number = control.number().to_string();
        let launch = Launch {
            name: TOXIPROXY,
            invocation: source.invocation(TOXIPROXY, folder.path()),
            ports: Vec::new(),
            arguments: ["-host", "127.0.0.1", "-port", &number]
                .map(OsString::from)
                .to_vec(),
            folder: folder.path().to_path_buf(),
            end_by: EndBy::Term,
            // It writes several for each connection.
            kept_lines: 100,
        };
        let proxy = Self {
            _server: Server::start(launch, "Starting Toxiproxy HTTP server")?,
            control,
            port,
            _folder: folder,
        };
        let body = format!(
            r#"{{"name":"{NAME}","listen":"127.0.0.1:{}","upstream":"127.0.0.1:{upstream}","enabled":true}}"#,
            proxy.port()
        );
        // The line in the log comes a moment before the socket listens.
        crate::process::poll("Toxiproxy listens", ANSWER_WITHIN, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.control.number())).ok()
        })?;
        proxy.tell("POST", "/proxies", &body)?;
        Ok(proxy)
    }

    /// The loopback address.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port to connect to, the same while it is cut.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Adds a fault, also to the connections that are open.
    ///
    /// # Panics
    ///
    /// When the proxy does not obey; two faults of one kind are one too many.
    pub fn add(&self, fault: Fault) {
        let path = format!("/proxies/{NAME}/toxics");
        or_panic(self.tell("POST", &path, &fault.toxic()));
    }

    /// Ends all connections and refuses new ones.
    ///
    /// # Panics
    ///
    /// When the proxy does not obey.
    pub fn cut(&self) {
        let path = format!("/proxies/{NAME}");
        or_panic(self.tell("POST", &path, r#"{"enabled":false}"#));
    }

    /// Removes every fault and lets connections in.
    ///
    /// # Panics
    ///
    /// When the proxy does not obey.
    pub fn heal(&self) {
        or_panic(self.tell("POST", "/reset", ""));
    }

    fn tell(&self, method: &str, path: &str, body: &str) -> Result<(), HarnessError> {
        let failed = |error| HarnessError::failed("can't talk to Toxiproxy", error);
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.control.number()))
            .and_then(|stream| {
                stream.set_read_timeout(Some(ANSWER_WITHIN))?;
                stream.set_write_timeout(Some(ANSWER_WITHIN))?;
                Ok(stream)
            })
            .map_err(failed)?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        match answer.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(()),
            _ => Err(HarnessError::Failed(format!(
                "Toxiproxy refused {method} {path}: {answer}"
            ))),
        }
    }
}
