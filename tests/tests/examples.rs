//! The examples that need no server run, and say what they should.

mod example;
#[path = "example/running.rs"]
mod running;

use std::io::{Read as _, Write as _};

use example::{run, run_with};

#[test]
fn quickstart_creates_inserts_queries_and_tells_health_and_pool() {
    let expected = "\
        configured: sqlite\n\
        Ada is 36\n\
        Grace is 85\n\
        health: sqlite (sqlite) is connected\n\
        pool: 1 of 4 open, 5 requests\n";
    assert_eq!(run("quickstart", &[], &[]), expected);
}

#[test]
fn custom_backend_is_used_like_any_other() {
    let expected = "\
        the clock says Monday, February 22, 1982 17:37:43-PST\n\
        health: connected\n";
    assert_eq!(run("custom_backend", &[], &[]), expected);
}

#[test]
fn custom_backend_takes_under_sixty_lines() {
    let source = include_str!("../../examples/custom_backend/main.rs");
    assert!(source.lines().count() < 60);
}

#[test]
fn own_pool_lends_retires_and_closes() {
    let expected = "\
        1 open before anybody asked\n\
        20 sums make 420, on 3 connections at the most\n\
        given up: true, closed for that: 1\n\
        3 on lease\n\
        and still 2 and 2 make 4\n\
        3 retired\n\
        0 open at the end\n";
    assert_eq!(run("own_pool", &["pool"], &[]), expected);
}

#[test]
fn secret_provider_gives_a_secret_that_is_not_shown() {
    let expected = "\
        Mail { username: \"shop\", password: [redacted], signature: Some([redacted]) }\n\
        the password has 28 letters\n";
    assert_eq!(run("secret_provider", &[], &[]), expected);
}

#[test]
fn tested_service_sells_the_last_one_once() {
    let expected = "\
        sold, 0 left\n\
        sold out\n";
    assert_eq!(run("tested_service", &[], &[]), expected);
}

#[test]
fn blocking_pays_from_several_threads() {
    let expected = "\
        paid: 5849 cents\n\
        health: ledger is connected\n";
    assert_eq!(run("blocking", &["blocking"], &[]), expected);
}

#[test]
fn own_cli_knows_the_type_of_the_program_and_the_built_in_ones() {
    let cli = |arguments: &[&str]| run_with("own_cli", &["cli"], arguments, &[]);
    let types = cli(&["types"]);
    assert!(
        types.contains("printer") && types.contains("sqlite"),
        "{types}"
    );
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/own_cli/config");
    let checked = cli(&["check", "--config", config]);
    assert_eq!(checked, "2 connections in 1 file, no mistakes\n");
}

#[test]
fn own_cli_writes_a_configuration_that_the_type_of_the_program_accepts() {
    let cli = |arguments: &[&str]| run_with("own_cli", &["cli"], arguments, &[]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().to_str().unwrap();
    cli(&["init", "front_desk=printer", "--config", config]);
    let written = std::fs::read_to_string(folder.path().join("connections.yaml")).unwrap();
    for line in [
        // Its own check asks for a host or a queue; the one with an example is taken.
        "    host: printer.office.example",
        "    #queue: text",
        "    pin: \"${FRONT_DESK_PIN}\"",
        "    paper: \"${FRONT_DESK_PAPER}\"",
        "    #patience: 30s",
        "    #jam:",
        "    #  token: \"${FRONT_DESK_JAM_TOKEN}\"",
    ] {
        assert!(
            written.lines().any(|written| written == line),
            "{line}\n{written}"
        );
    }
    let checked = cli(&["check", "--no-env", "--deny-warnings", "--config", config]);
    assert_eq!(checked, "1 connection in 1 file, no mistakes\n");
}

/// The whole of an answer to `GET path`.
fn get(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn web_service_shows_its_connections() {
    // A port that nobody listens at: the cache is not there, and the service is.
    let environment = [("PORT", "0"), ("REDIS_URL", "redis://127.0.0.1:9/")];
    let service = running::start("web_service", "http", &environment);
    let address = service.line().trim_start_matches("http://").to_owned();
    let (address, page) = address.split_once('/').unwrap();
    assert!(get(address, "/").contains("You are visitor number 1."));
    let page = get(address, &format!("/{page}"));
    assert!(
        page.contains("visits") && page.contains("sessions"),
        "{page}"
    );
    let health = get(address, "/ops/health/connections");
    assert!(health.starts_with("HTTP/1.1 200 OK"), "{health}");
    assert!(get(address, "/ops/metrics").contains("connreg_connection_up"));
}
