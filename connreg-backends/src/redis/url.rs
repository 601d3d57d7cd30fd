//! Addresses in one piece of text: Redis URLs, and `host:port` with words after it.

use ::redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use connreg::ConnectError;

use super::Redis;
use super::address::{Node, REDIS_PORT, credentials, host_and_port, newest, wrong};

/// The address that `url` says, with what the other settings say beside it.
pub(super) fn single(
    settings: &Redis,
    url: &str,
    node: Node,
) -> Result<ConnectionInfo, ConnectError> {
    let url = url.trim();
    if !url.contains("://") {
        return by_words(settings, url, node);
    }
    let parsed = url
        .into_connection_info()
        // The driver's message may quote the URL.
        .map_err(|error| wrong(format!("`url` is not a Redis URL: {}", error.category())))?;
    let told = parsed.redis_settings();
    let mut redis = newest();
    // The driver's default is told apart from somebody's wish by the text alone.
    if url.contains("protocol=") {
        redis = redis.set_protocol(told.protocol());
    }
    let pairs = [
        ("username", told.username(), node.redis.username()),
        ("password", told.password(), node.redis.password()),
    ];
    if let Some((key, ..)) = pairs
        .iter()
        .find(|(_, by_url, own)| by_url.is_some() && own.is_some())
    {
        return Err(wrong(format!(
            "`{key}` is given twice, in `url` and by itself"
        )));
    }
    if told.db() != 0 && node.redis.db() != 0 && told.db() != node.redis.db() {
        return Err(wrong("`url` and `database` name different databases"));
    }
    redis = redis.set_db(if told.db() == 0 {
        node.redis.db()
    } else {
        told.db()
    });
    let username = told.username().or(node.redis.username());
    let password = told.password().or(node.redis.password());
    let redis = credentials(redis, username, password);
    let mut tls = node.tls;
    let address = match parsed.addr().clone() {
        ConnectionAddr::Tcp(host, port) if tls.used => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: tls.insecure,
            tls_params: None,
        },
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure,
            ..
        } => {
            if insecure && !tls.insecure {
                let message =
                    "`url` ends in `#insecure`, which alone does not turn verification off";
                return Err(wrong(message)
                    .with_help("set `ssl_insecure_accept_any_certificate: true` if you must"));
            }
            tls.used = true;
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: tls.insecure,
                tls_params: None,
            }
        }
        other => other,
    };
    Node { tls, redis }.with_address(address)
}

/// Reads `host:port,password=…,user=…,ssl=true,defaultDatabase=1`, as .NET programs write it.
fn by_words(settings: &Redis, text: &str, mut node: Node) -> Result<ConnectionInfo, ConnectError> {
    let mut words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let place = words.next().ok_or_else(|| wrong("`url` is empty"))?;
    let (host, port) = host_and_port(place, REDIS_PORT)?;
    for word in words {
        let Some((key, value)) = word.split_once('=') else {
            return Err(
                wrong("`url` has a second address; a single server has one").with_help(
                    "list the addresses under `nodes`, with `mode: cluster` or `sentinel`",
                ),
            );
        };
        let (key, value) = (key.trim(), value.trim());
        match key.to_ascii_lowercase().as_str() {
            "password" if settings.password.is_none() => {
                node.redis = node.redis.set_password(value);
            }
            "user" | "username" if settings.username.is_none() => {
                node.redis = node.redis.set_username(value);
            }
            "password" | "user" | "username" => {
                return Err(wrong(format!(
                    "`{key}` is given twice, in `url` and by itself"
                )));
            }
            "ssl" => match value.to_ascii_lowercase().as_str() {
                "true" => node.tls.used = true,
                "false" if !settings.ssl => {}
                _ => return Err(wrong("`ssl` in `url` is neither true nor what `ssl` says")),
            },
            "defaultdatabase" => {
                let number = value.parse::<u32>();
                let number =
                    number.map_err(|_| wrong("`defaultDatabase` in `url` is no number"))?;
                node.redis = node.redis.set_db(i64::from(number));
            }
            // Connecting goes on until it works in any case.
            "abortconnect" => {}
            _ => {
                return Err(wrong(format!("`{key}` in `url` is not known")).with_help(
                    "known are password, user, ssl and defaultDatabase; use settings for the rest",
                ));
            }
        }
    }
    node.at(&host, port)
}
