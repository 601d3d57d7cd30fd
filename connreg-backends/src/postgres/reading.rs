//! From parameters to a target, one by one.
//!
//! All that libpq takes is known here: it is honoured, or it is a mistake that names it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding, Config, SslNegotiation};

use super::conninfo::Mistake;
use super::place::Place;
use super::settings::{SslMode, TargetSessionAttrs};
use super::target::Target;
use super::words::{
    KNOWN_BUT_NOT_HONOURED, address, attributes, one_of, port, seconds, switch, tls_version,
    unknown, utf8_only, whole, wrong,
};
use crate::tls::{Identity, Roots, Tls, Versions};

/// What has been read so far.
pub(super) struct Reading {
    session: Config,
    hosts: Vec<String>,
    addresses: Vec<Option<IpAddr>>,
    ports: Vec<u16>,
    fallback_application_name: Option<String>,
    attributes: Option<TargetSessionAttrs>,
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
    pub(super) fn new() -> Self {
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
            attributes: None,
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

    pub(super) fn parameter(&mut self, key: &str, value: &str) -> Result<(), Mistake> {
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
            "target_session_attrs" => self.attributes = Some(attributes(value)?),
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

    pub(super) fn finish(mut self) -> Result<Target, Mistake> {
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
