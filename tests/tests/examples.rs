//! The examples that need no server run, and say what they should.

mod example;

use example::run;

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
fn secret_provider_gives_a_secret_that_is_not_shown() {
    let expected = "\
        Mail { username: \"shop\", password: [redacted], signature: Some([redacted]) }\n\
        the password has 28 letters\n";
    assert_eq!(run("secret_provider", &[], &[]), expected);
}

#[test]
fn blocking_pays_from_several_threads() {
    let expected = "\
        paid: 5849 cents\n\
        health: ledger is connected\n";
    assert_eq!(run("blocking", &["blocking"], &[]), expected);
}
