//! What parameters lead to.

use super::*;
use crate::postgres::conninfo::parse;
use crate::postgres::words::KNOWN_BUT_NOT_HONOURED;

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
    target("gssencmode=disable sslcompression=0 replication=false client_encoding=utf8 sslsni=1");
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
