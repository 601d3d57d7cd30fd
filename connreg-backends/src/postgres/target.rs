//! What parameters mean: the servers to try, the session to ask for, and how it is protected.
//!
//! All that libpq takes is known here: it is honoured, or it is a mistake that names it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding, Config, SslNegotiation};

use super::conninfo::{Mistake, Parameters};
use super::settings::SslMode;
use crate::tls::{Identity, Roots, Tls, Verify, Versions};

/// Everything that opening one session takes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// In the order of trying.
    pub(crate) places: Vec<Place>,
    /// User, database, password and all that concerns neither the host nor TLS.
    pub(crate) session: Config,
    pub(crate) attributes: SessionAttributes,
    /// Whether the order of trying is random.
    pub(crate) shuffle: bool,
    /// How long one host may take.
    pub(crate) host_timeout: Option<Duration>,
    pub(crate) passfile: Option<PathBuf>,
    mode: Option<SslMode>,
    roots: Option<Roots>,
    tls: Tls,
}

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

/// Which servers will do, by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionAttributes {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

impl Target {
    /// Reads parameters; later ones win.
    pub(crate) fn new(parameters: &Parameters) -> Result<Self, Mistake> {
        let mut reading = Reading::new();
        for (key, value) in parameters {
            reading.parameter(key, value)?;
        }
        reading.finish()
    }

    /// How a session with `place` is protected.
    pub(crate) fn mode(&self, place: &Place) -> SslMode {
        match (place, self.mode) {
            // The server does not speak TLS on sockets.
            (Place::Socket { .. }, _) => SslMode::Disable,
            (_, Some(mode)) => mode,
            (place, None) if place.is_local() => SslMode::Prefer,
            (_, None) => SslMode::VerifyFull,
        }
    }

    /// The TLS for `mode`.
    pub(crate) fn tls(&self, mode: SslMode) -> Tls {
        let verify = match mode {
            SslMode::VerifyFull => Verify::Full,
            SslMode::VerifyCa => Verify::Chain,
            // With roots at hand libpq checks the chain whatever the mode.
            _ if self.roots.is_some() => Verify::Chain,
            _ => Verify::Nothing,
        };
        let roots = self.roots.clone().unwrap_or(Roots::System);
        Tls {
            verify,
            roots,
            ..self.tls.clone()
        }
    }
}

struct Reading {
    session: Config,
    hosts: Vec<String>,
    addresses: Vec<Option<IpAddr>>,
    ports: Vec<u16>,
    fallback_application_name: Option<String>,
    attributes: SessionAttributes,
    shuffle: bool,
    host_timeout: Option<Duration>,
    passfile: Option<PathBuf>,
    mode: Option<SslMode>,
    roots: Option<Roots>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    send_certificate: bool,
    tls: Tls,
    least_version: u8,
    greatest_version: u8,
}

impl Reading {
    fn new() -> Self {
        let mut session = Config::new();
        // A dead peer is found within 25 s; the operating systems' own defaults need hours.
        session
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(10));
        Self {
            session,
            hosts: Vec::new(),
            addresses: Vec::new(),
            ports: Vec::new(),
            fallback_application_name: None,
            attributes: SessionAttributes::Any,
            shuffle: false,
            host_timeout: None,
            passfile: None,
            mode: None,
            roots: None,
            certificate: None,
            key: None,
            send_certificate: true,
            tls: Tls::system(),
            least_version: 2,
            greatest_version: 3,
        }
    }

    fn parameter(&mut self, key: &str, value: &str) -> Result<(), Mistake> {
        match key {
            "host" => self.hosts = value.split(',').map(str::to_owned).collect(),
            "hostaddr" => {
                self.addresses = value.split(',').map(address).collect::<Result<_, _>>()?;
            }
            "port" => self.ports = value.split(',').map(port).collect::<Result<_, _>>()?,
            "user" => _ = self.session.user(value),
            "password" => _ = self.session.password(value),
            "dbname" => _ = self.session.dbname(value),
            "options" => _ = self.session.options(value),
            "application_name" => _ = self.session.application_name(value),
            "fallback_application_name" => self.fallback_application_name = Some(value.into()),
            "passfile" => self.passfile = Some(value.into()),
            "connect_timeout" => self.host_timeout = seconds(key, value)?,
            "client_encoding" => utf8_only(value)?,
            "target_session_attrs" => self.attributes = attributes(value)?,
            "load_balance_hosts" => {
                self.shuffle = one_of(key, value, &[("disable", false), ("random", true)])?;
            }
            _ if key.starts_with("keepalives") || key == "tcp_user_timeout" => {
                self.keep_alive(key, value)?;
            }
            _ => self.protection(key, value)?,
        }
        Ok(())
    }

    fn keep_alive(&mut self, key: &str, value: &str) -> Result<(), Mistake> {
        let number = whole(key, value)?;
        // Nothing and less mean the default.
        let positive = u32::try_from(number).ok().filter(|number| *number > 0);
        let session = &mut self.session;
        match (key, positive) {
            ("keepalives", _) => _ = session.keepalives(number != 0),
            // In milliseconds, unlike all others.
            ("tcp_user_timeout", period) => {
                let period = Duration::from_millis(period.unwrap_or_default().into());
                session.tcp_user_timeout(period);
            }
            ("keepalives_idle", Some(period)) => {
                session.keepalives_idle(Duration::from_secs(period.into()));
            }
            ("keepalives_interval", Some(period)) => {
                session.keepalives_interval(Duration::from_secs(period.into()));
            }
            ("keepalives_count" | "keepalives_retries", Some(count)) => {
                session.keepalives_retries(count);
            }
            (
                "keepalives_idle"
                | "keepalives_interval"
                | "keepalives_count"
                | "keepalives_retries",
                None,
            ) => {}
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn protection(&mut self, key: &str, value: &str) -> Result<(), Mistake> {
        match key {
            "sslmode" => {
                self.mode =
                    Some(SslMode::from_word(value).ok_or_else(|| wrong(key, SslMode::WORDS))?);
            }
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System),
            "sslrootcert" => self.roots = Some(Roots::File(value.into())),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            "sslcertmode" => {
                self.send_certificate = one_of(key, value, &[("disable", false), ("allow", true)])?;
            }
            "sslsni" => self.tls.server_name = switch(key, value)?,
            "sslnegotiation" => {
                let words = [
                    ("postgres", SslNegotiation::Postgres),
                    ("direct", SslNegotiation::Direct),
                ];
                self.session.ssl_negotiation(one_of(key, value, &words)?);
            }
            "ssl_min_protocol_version" => self.least_version = tls_version(key, value)?.max(2),
            "ssl_max_protocol_version" => self.greatest_version = tls_version(key, value)?,
            "channel_binding" => {
                let words = [
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ];
                self.session.channel_binding(one_of(key, value, &words)?);
            }
            // What is off anyway may be said to be off.
            "gssencmode" if matches!(value, "disable" | "prefer") => {}
            "sslcompression" | "gssdelegation" if matches!(value, "0") => {}
            "replication" if matches!(value, "false" | "off" | "no" | "0") => {}
            "min_protocol_version" | "max_protocol_version" if matches!(value, "3.0") => {}
            "max_protocol_version" if value == "latest" => {}
            _ if KNOWN_BUT_NOT_HONOURED.contains(&key) => {
                return Err(Mistake(format!(
                    "the parameter `{key}` can't be honoured with this value; leave it out"
                )));
            }
            _ => return Err(unknown(key)),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Target, Mistake> {
        let places = self.places()?;
        if let (None, Some(name)) = (
            self.session.get_application_name(),
            &self.fallback_application_name,
        ) {
            self.session.application_name(name.as_str());
        }
        if self.roots == Some(Roots::System) {
            if self.mode.is_some_and(|mode| mode != SslMode::VerifyFull) {
                return Err("`sslrootcert=system` needs `sslmode=verify-full`: with a weaker mode anybody who has a \
                            certificate could take the server's place"
                    .into());
            }
            self.mode = Some(SslMode::VerifyFull);
        }
        if self.session.get_ssl_negotiation() == SslNegotiation::Direct {
            if !self.mode.is_some_and(SslMode::needs_tls) {
                return Err(
                    "`sslnegotiation=direct` needs `sslmode=require` or a stricter one".into(),
                );
            }
            self.tls.protocols = vec![b"postgresql".to_vec()];
        }
        self.tls.versions = match (self.least_version, self.greatest_version) {
            (2, 3) => Versions::All,
            (2, 2) => Versions::Only12,
            (3, 3) => Versions::Only13,
            _ => {
                return Err("`ssl_min_protocol_version` and `ssl_max_protocol_version` leave no version: TLSv1.2 and \
                            TLSv1.3 can be had"
                    .into());
            }
        };
        self.tls.identity = match (self.certificate.take(), self.key.take()) {
            _ if !self.send_certificate => None,
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            (Some(_), None) => {
                return Err("a client certificate needs its key: set `ssl_key` (`sslkey`)".into());
            }
            (None, Some(_)) => {
                return Err(
                    "a client key needs its certificate: set `ssl_cert` (`sslcert`)".into(),
                );
            }
        };
        Ok(Target {
            places,
            session: self.session,
            attributes: self.attributes,
            shuffle: self.shuffle,
            host_timeout: self.host_timeout,
            passfile: self.passfile,
            mode: self.mode,
            roots: self.roots,
            tls: self.tls,
        })
    }

    fn places(&self) -> Result<Vec<Place>, Mistake> {
        let count = self.hosts.len().max(self.addresses.len()).max(1);
        let fits = |len: usize| len == 0 || len == count;
        if !fits(self.hosts.len()) || !fits(self.addresses.len()) {
            return Err("`host` and `hostaddr` must list equally many servers".into());
        }
        if !fits(self.ports.len()) && self.ports.len() != 1 {
            return Err("`port` must have one number, or one for each host".into());
        }
        let place = |index: usize| {
            let port = self
                .ports
                .get(index)
                .or(self.ports.first())
                .copied()
                .unwrap_or(5432);
            let address = self.addresses.get(index).copied().flatten();
            let host = self
                .hosts
                .get(index)
                .map(String::as_str)
                .filter(|host| !host.is_empty());
            match (host, address) {
                (Some(host), None) if host.starts_with('/') => Place::Socket {
                    directory: host.into(),
                    port,
                },
                (Some(host), address) => Place::Tcp {
                    host: host.to_owned(),
                    address,
                    port,
                },
                (None, Some(address)) => Place::Tcp {
                    host: address.to_string(),
                    address: Some(address),
                    port,
                },
                (None, None) => Place::Tcp {
                    host: "localhost".into(),
                    address: None,
                    port,
                },
            }
        };
        Ok((0..count).map(place).collect())
    }
}

/// What libpq takes and this cannot do: said, rather than ignored.
const KNOWN_BUT_NOT_HONOURED: &[&str] = &[
    "gssencmode",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "replication",
    "require_auth",
    "requirepeer",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkeylogfile",
    "sslpassword",
];

/// What libpq takes and this honours, to recognise what was meant.
const HONOURED: &[&str] = &[
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "load_balance_hosts",
    "options",
    "passfile",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// The name itself is not shown: in a string that came apart at the wrong place it may be a piece of a password.
fn unknown(key: &str) -> Mistake {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-'], "");
    let key = plain(key);
    let alike = |name: &str| {
        let name = plain(name);
        let common = name
            .bytes()
            .zip(key.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let differing = name.len().max(key.len()) - common;
        (common >= 3 && differing <= 4).then_some(differing)
    };
    let nearest = HONOURED
        .iter()
        .filter_map(|name| Some((alike(name)?, name)))
        .min();
    match nearest {
        Some((_, name)) => Mistake(format!("an unknown parameter; did you mean `{name}`?")),
        None => "a parameter that libpq does not know, or a `?`, `&` or blank in the password that must be escaped"
            .into(),
    }
}

fn wrong(key: &str, expected: &str) -> Mistake {
    Mistake(format!("`{key}` must be {expected}"))
}

fn one_of<T: Copy>(key: &str, value: &str, words: &[(&str, T)]) -> Result<T, Mistake> {
    words
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            wrong(key, &format!("one of {}", words.join(", ")))
        })
}

fn switch(key: &str, value: &str) -> Result<bool, Mistake> {
    one_of(key, value, &[("0", false), ("1", true)])
}

fn whole(key: &str, value: &str) -> Result<i64, Mistake> {
    value
        .trim()
        .parse()
        .map_err(|_| wrong(key, "a whole number"))
}

/// Nothing and less mean no limit; one second is rounded up to two, as libpq does.
fn seconds(key: &str, value: &str) -> Result<Option<Duration>, Mistake> {
    let seconds = u64::try_from(whole(key, value)?).unwrap_or_default();
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.max(2))))
}

fn address(text: &str) -> Result<Option<IpAddr>, Mistake> {
    match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| wrong("hostaddr", "a numeric IP address")),
    }
}

fn port(text: &str) -> Result<u16, Mistake> {
    match text.trim() {
        "" => Ok(5432),
        text => text
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| wrong("port", "a number from 1 to 65535")),
    }
}

fn utf8_only(value: &str) -> Result<(), Mistake> {
    match value.to_ascii_lowercase().replace('-', "").as_str() {
        "utf8" | "unicode" => Ok(()),
        _ => Err(wrong(
            "client_encoding",
            "UTF8, which is all that text is here",
        )),
    }
}

fn attributes(value: &str) -> Result<SessionAttributes, Mistake> {
    use SessionAttributes as A;
    let words = [
        ("any", A::Any),
        ("read-write", A::ReadWrite),
        ("read-only", A::ReadOnly),
        ("primary", A::Primary),
        ("standby", A::Standby),
        ("prefer-standby", A::PreferStandby),
    ];
    one_of("target_session_attrs", value, &words)
}

/// The digit behind `TLSv1.`.
fn tls_version(key: &str, value: &str) -> Result<u8, Mistake> {
    let words = [("TLSv1", 0), ("TLSv1.1", 1), ("TLSv1.2", 2), ("TLSv1.3", 3)];
    one_of(key, value, &words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::conninfo::parse;

    fn target(text: &str) -> Target {
        parse(text)
            .and_then(|p| Target::new(&p))
            .unwrap_or_else(|m| panic!("{text}: {m}"))
    }

    fn mistake(text: &str) -> String {
        match parse(text).and_then(|p| Target::new(&p)) {
            Ok(_) => panic!("{text} was accepted"),
            Err(mistake) => mistake.0,
        }
    }

    fn tcp(host: &str, port: u16) -> Place {
        Place::Tcp {
            host: host.into(),
            address: None,
            port,
        }
    }

    #[test]
    fn places() {
        assert_eq!(target("").places, [tcp("localhost", 5432)]);
        assert_eq!(target("host=a,b port=7").places, [tcp("a", 7), tcp("b", 7)]);
        assert_eq!(
            target("postgresql://a:1,b/x").places,
            [tcp("a", 1), tcp("b", 5432)]
        );
        assert_eq!(
            target("host=/run/pg port=7").places,
            [Place::Socket {
                directory: "/run/pg".into(),
                port: 7
            }]
        );
        let address = Some("10.0.0.1".parse().expect("an address"));
        assert_eq!(
            target("host=a hostaddr=10.0.0.1").places,
            [Place::Tcp {
                host: "a".into(),
                address,
                port: 5432
            }]
        );
        assert!(mistake("host=a,b port=1,2,3").contains("port"));
        assert!(mistake("host=a,b hostaddr=10.0.0.1").contains("hostaddr"));
    }

    #[test]
    fn protection_is_full_by_default_except_on_this_machine() {
        let mode = |text: &str| {
            let target = target(text);
            target.mode(&target.places[0])
        };
        assert_eq!(mode("host=db.example"), SslMode::VerifyFull);
        assert_eq!(mode("host=10.0.0.1"), SslMode::VerifyFull);
        assert_eq!(mode("host=localhost"), SslMode::Prefer);
        assert_eq!(mode("host=127.0.0.9"), SslMode::Prefer);
        assert_eq!(mode("host=::1"), SslMode::Prefer);
        assert_eq!(
            mode("host=localhost hostaddr=10.0.0.1"),
            SslMode::VerifyFull
        );
        assert_eq!(mode("host=localhost sslmode=verify-ca"), SslMode::VerifyCa);
        assert_eq!(
            mode("host=localhost sslrootcert=system"),
            SslMode::VerifyFull
        );
        assert_eq!(mode("host=/tmp sslmode=verify-full"), SslMode::Disable);
    }

    #[test]
    fn roots_make_require_check_the_chain() {
        let verify = |text: &str| {
            let target = target(text);
            target.tls(target.mode(&target.places[0])).verify
        };
        assert_eq!(verify("host=a sslmode=require"), Verify::Nothing);
        assert_eq!(
            verify("host=a sslmode=require sslrootcert=ca.pem"),
            Verify::Chain
        );
        assert_eq!(verify("host=a sslmode=verify-ca"), Verify::Chain);
        assert_eq!(verify("host=a"), Verify::Full);
    }

    #[test]
    fn what_cannot_be_honoured_is_named() {
        for key in KNOWN_BUT_NOT_HONOURED {
            assert!(
                mistake(&format!("{key}=require")).contains(&format!("`{key}`")),
                "{key}"
            );
        }
        assert!(mistake("sslmode=maybe").contains("sslmode"));
        assert!(mistake("ssl_mode=require").contains("`sslmode`"));
        assert!(mistake("username=ann").contains("`user`"));
        assert!(!mistake("hunter2=42").contains("hunter2"));
        assert!(mistake("client_encoding=LATIN1").contains("client_encoding"));
        assert!(mistake("sslcertmode=require").contains("sslcertmode"));
        assert!(mistake("host=a sslmode=require sslrootcert=system").contains("verify-full"));
        assert!(mistake("host=a sslnegotiation=direct").contains("sslmode"));
        assert!(mistake("sslcert=a.pem").contains("ssl_key"));
        assert!(
            mistake("ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2")
                .contains("TLSv1.3")
        );
    }

    #[test]
    fn what_is_off_anyway_may_be_said_to_be_off() {
        target(
            "gssencmode=disable sslcompression=0 replication=false client_encoding=utf8 sslsni=1",
        );
        target("keepalives=1 keepalives_idle=30 keepalives_interval=5 keepalives_count=2");
        assert_eq!(
            target("tcp_user_timeout=1500")
                .session
                .get_tcp_user_timeout(),
            Some(&Duration::from_millis(1500))
        );
        assert_eq!(
            target("connect_timeout=1").host_timeout,
            Some(Duration::from_secs(2))
        );
        assert_eq!(target("connect_timeout=0").host_timeout, None);
    }

    #[test]
    fn no_password_is_shown() {
        let target = target("postgresql://ann:hunter2@h/x");
        assert!(!format!("{target:?}").contains("hunter2"));
    }
}
