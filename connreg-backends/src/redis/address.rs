//! From settings to places: what each node's address, credentials and TLS are. Connects to nothing.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ::redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use ::redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, TlsCertificates,
};
use connreg::topology::ReadFrom;
use connreg::{ConnectError, ErrorKind};

use super::{Mode, Redis, url};

pub(super) const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Where to connect to, and how.
#[derive(Clone)]
pub(super) enum Plan {
    Single(ConnectionInfo),
    Sentinel(Group),
    Cluster {
        nodes: Vec<ConnectionInfo>,
        certificates: Option<TlsCertificates>,
    },
}

/// A master and its replicas, as sentinels know them.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) sentinels: Vec<ConnectionInfo>,
    /// The master but for its address, which the sentinels tell.
    pub(super) master: Node,
    /// Of the newest fail-over that is known of; clones share it.
    pub(super) epoch: Arc<AtomicU64>,
}

/// How to speak to a node, wherever it is.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) tls: Tls,
    pub(super) redis: RedisConnectionInfo,
}

/// Whether and how a node is spoken to by TLS.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) used: bool,
    pub(super) insecure: bool,
    certificates: Option<TlsCertificates>,
}

impl Plan {
    /// Where it leads, for messages: hosts and ports, nothing else.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Single(info) => info.addr().to_string(),
            Self::Sentinel(group) => format!("the master of `{}`", group.name),
            Self::Cluster { nodes, .. } => {
                let nodes: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
                format!("the cluster at {}", nodes.join(", "))
            }
        }
    }

    pub(super) fn database(&self) -> i64 {
        match self {
            Self::Single(info) => info.redis_settings().db(),
            Self::Sentinel(group) => group.master.redis.db(),
            Self::Cluster { .. } => 0,
        }
    }

    pub(super) fn is_insecure(&self) -> bool {
        let is_insecure = |info: &ConnectionInfo| {
            matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. })
        };
        match self {
            Self::Single(info) => is_insecure(info),
            Self::Sentinel(group) => group.master.tls.used && group.master.tls.insecure,
            Self::Cluster { nodes, .. } => nodes.iter().any(is_insecure),
        }
    }

    pub(super) fn uses_tls(&self) -> bool {
        match self {
            Self::Single(info) => is_tls(info),
            Self::Sentinel(group) => group.master.tls.used,
            Self::Cluster { nodes, .. } => nodes.iter().any(is_tls),
        }
    }
}

fn is_tls(info: &ConnectionInfo) -> bool {
    matches!(info.addr(), ConnectionAddr::TcpTls { .. })
}

impl Node {
    pub(super) fn at(&self, host: &str, port: u16) -> Result<ConnectionInfo, ConnectError> {
        let address = if self.tls.used {
            ConnectionAddr::TcpTls {
                host: host.to_owned(),
                port,
                insecure: self.tls.insecure,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host.to_owned(), port)
        };
        self.with_address(address)
    }

    pub(super) fn with_address(
        &self,
        address: ConnectionAddr,
    ) -> Result<ConnectionInfo, ConnectError> {
        let is_tls = matches!(address, ConnectionAddr::TcpTls { .. });
        let info = address
            .into_connection_info()
            .map_err(|error| wrong(format!("the address was not taken: {error}")))?
            .set_redis_settings(self.redis.clone())
            .set_tcp_settings(tcp_settings());
        match &self.tls.certificates {
            // Only this makes the parameters from certificates.
            Some(certificates) if is_tls => Client::build_with_tls(info, certificates.clone())
                .map(|client| client.get_connection_info().clone())
                .map_err(|error| wrong(format!("the certificates were not taken: {error}"))),
            _ => Ok(info),
        }
    }
}

/// A dead peer is found within 25 s, and small commands leave at once.
pub(super) fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(10))
        .with_interval(Duration::from_secs(5));
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_retries(3);
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let settings = settings.set_user_timeout(Duration::from_secs(10));
    settings
}

/// The plan that `settings` make, or what is wrong with them.
pub(super) fn plan(settings: &Redis) -> Result<Plan, ConnectError> {
    let tls = Tls {
        used: settings.ssl,
        insecure: settings.ssl_insecure_accept_any_certificate,
        certificates: certificates(settings)?,
    };
    let redis = credentials(
        newest().set_db(i64::from(settings.database)),
        settings.username.as_deref(),
        settings.password.as_ref().map(connreg::Secret::expose),
    );
    let node = Node {
        tls: tls.clone(),
        redis,
    };
    check_mode(settings)?;
    let plan = match (settings.mode, &settings.url) {
        (Mode::Single, Some(url)) => Plan::Single(url::single(settings, url.expose(), node)?),
        (Mode::Single, None) => Plan::Single(node.at(&settings.host, settings.port)?),
        (Mode::Sentinel, _) => {
            let watcher = credentials(
                newest(),
                settings.sentinel_username.as_deref(),
                settings
                    .sentinel_password
                    .as_ref()
                    .map(connreg::Secret::expose),
            );
            let watcher = Node {
                tls,
                redis: watcher,
            };
            let Some(name) = settings.master_name.clone() else {
                return Err(wrong("`mode: sentinel` needs `master_name`"));
            };
            Plan::Sentinel(Group {
                name,
                sentinels: at_all(&watcher, &settings.nodes, SENTINEL_PORT)?,
                master: node,
                epoch: Arc::default(),
            })
        }
        (Mode::Cluster, _) => Plan::Cluster {
            nodes: at_all(&node, &settings.nodes, REDIS_PORT)?,
            certificates: tls.certificates,
        },
    };
    Ok(plan)
}

/// Finds settings that would mean nothing beside others.
fn check_mode(settings: &Redis) -> Result<(), ConnectError> {
    let mode = settings.mode;
    let own_place = settings.host != "localhost" || settings.port != REDIS_PORT;
    if mode == Mode::Single {
        if !settings.nodes.is_empty() {
            return Err(wrong(
                "`nodes` belongs to `mode: sentinel` and `mode: cluster`",
            ));
        }
        if settings.url.is_some() && own_place {
            return Err(wrong(
                "`url` says the address, so `host` and `port` can't be given too",
            ));
        }
    } else {
        if settings.nodes.is_empty() {
            return Err(wrong(
                "`nodes` is empty; it lists the sentinels or the cluster's first nodes",
            ));
        }
        if settings.url.is_some() || own_place {
            return Err(wrong(
                "`host`, `port` and `url` belong to `mode: single`; use `nodes`",
            ));
        }
    }
    let sentinel_only = settings.master_name.is_some()
        || settings.sentinel_username.is_some()
        || settings.sentinel_password.is_some();
    if mode != Mode::Sentinel && sentinel_only {
        return Err(wrong(
            "`master_name` and `sentinel_…` belong to `mode: sentinel`",
        ));
    }
    if mode == Mode::Single && settings.read_from != ReadFrom::Primary {
        return Err(wrong(
            "`read_from` needs replicas to choose from: `mode: sentinel` or `mode: cluster`",
        ));
    }
    if mode == Mode::Cluster && settings.database != 0 {
        return Err(wrong("a cluster has database 0 only"));
    }
    Ok(())
}

fn at_all(node: &Node, places: &[String], port: u16) -> Result<Vec<ConnectionInfo>, ConnectError> {
    let at = |place: &String| {
        let (host, port) = host_and_port(place, port)?;
        node.at(&host, port)
    };
    places.iter().map(at).collect()
}

/// Reads `host`, `host:port`, `[::1]` and `[::1]:port`.
pub(super) fn host_and_port(place: &str, default: u16) -> Result<(String, u16), ConnectError> {
    let place = place.trim();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (place, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.map_or(Some(default), |port| {
        port.parse().ok().filter(|port| *port != 0)
    });
    match port {
        Some(port) if !host.is_empty() && !host.contains(['/', '@']) => Ok((host.to_owned(), port)),
        // What stands there may be a URL with a password, so it is not quoted.
        _ => Err(wrong("an address is not `host:port`")),
    }
}

/// RESP3, which tells at once when a connection ends; `dial` goes back to RESP2 where a server is older.
pub(super) fn newest() -> RedisConnectionInfo {
    RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3)
}

pub(super) fn credentials(
    redis: RedisConnectionInfo,
    username: Option<&str>,
    password: Option<&str>,
) -> RedisConnectionInfo {
    let redis = match username {
        Some(username) => redis.set_username(username),
        None => redis,
    };
    match password {
        Some(password) => redis.set_password(password),
        None => redis,
    }
}

fn certificates(settings: &Redis) -> Result<Option<TlsCertificates>, ConnectError> {
    let root_cert = settings
        .ssl_ca
        .as_deref()
        .map(|path| read("ssl_ca", path))
        .transpose()?;
    let client_tls = match (&settings.ssl_certificate, &settings.ssl_key) {
        (Some(certificate), Some(key)) => Some(ClientTlsConfig {
            client_cert: read("ssl_certificate", certificate)?,
            client_key: read("ssl_key", key)?,
        }),
        (None, None) => None,
        _ => return Err(wrong("`ssl_certificate` and `ssl_key` go together")),
    };
    if root_cert.is_none() && client_tls.is_none() {
        return Ok(None);
    }
    Ok(Some(TlsCertificates {
        client_tls,
        root_cert,
    }))
}

fn read(key: &str, path: &Path) -> Result<Vec<u8>, ConnectError> {
    fs::read(path).map_err(|error| {
        wrong(format!("`{key}`: reading `{}` failed", path.display())).with_source(error)
    })
}

pub(super) fn wrong(message: impl Into<String>) -> ConnectError {
    ConnectError::new(ErrorKind::Configuration, message)
}
