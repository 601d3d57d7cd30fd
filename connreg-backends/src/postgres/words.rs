//! The words of connection parameters: which there are, and what their values look like.

use std::net::IpAddr;
use std::time::Duration;

use super::conninfo::Mistake;
use super::settings::TargetSessionAttrs;

/// What libpq takes and this cannot do: said, rather than ignored.
pub(super) const KNOWN_BUT_NOT_HONOURED: &[&str] = &[
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
pub(super) fn unknown(key: &str) -> Mistake {
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

pub(super) fn wrong(key: &str, expected: &str) -> Mistake {
    Mistake(format!("`{key}` must be {expected}"))
}

pub(super) fn one_of<T: Copy>(key: &str, value: &str, words: &[(&str, T)]) -> Result<T, Mistake> {
    words
        .iter()
        .find(|(word, _)| *word == value)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            wrong(key, &format!("one of {}", words.join(", ")))
        })
}

pub(super) fn switch(key: &str, value: &str) -> Result<bool, Mistake> {
    one_of(key, value, &[("0", false), ("1", true)])
}

pub(super) fn whole(key: &str, value: &str) -> Result<i64, Mistake> {
    value
        .trim()
        .parse()
        .map_err(|_| wrong(key, "a whole number"))
}

/// Nothing and less mean no limit; one second is rounded up to two, as libpq does.
pub(super) fn seconds(key: &str, value: &str) -> Result<Option<Duration>, Mistake> {
    let seconds = u64::try_from(whole(key, value)?).unwrap_or_default();
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.max(2))))
}

pub(super) fn address(text: &str) -> Result<Option<IpAddr>, Mistake> {
    match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| wrong("hostaddr", "a numeric IP address")),
    }
}

pub(super) fn port(text: &str) -> Result<u16, Mistake> {
    match text.trim() {
        "" => Ok(5432),
        text => text
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| wrong("port", "a number from 1 to 65535")),
    }
}

pub(super) fn utf8_only(value: &str) -> Result<(), Mistake> {
    match value.to_ascii_lowercase().replace('-', "").as_str() {
        "utf8" | "unicode" => Ok(()),
        _ => Err(wrong(
            "client_encoding",
            "UTF8, which is all that text is here",
        )),
    }
}

pub(super) fn attributes(value: &str) -> Result<TargetSessionAttrs, Mistake> {
    let words = TargetSessionAttrs::ALL.map(|attributes| (attributes.as_str(), attributes));
    one_of("target_session_attrs", value, &words)
}

/// The digit behind `TLSv1.`.
pub(super) fn tls_version(key: &str, value: &str) -> Result<u8, Mistake> {
    let words = [("TLSv1", 0), ("TLSv1.1", 1), ("TLSv1.2", 2), ("TLSv1.3", 3)];
    one_of(key, value, &words)
}
