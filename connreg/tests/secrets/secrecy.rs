//! What a `Secret` does and does not do.

use connreg::Secret;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize, Serialize)]
struct Login {
    user: String,
    password: Secret,
}

#[test]
fn serde_reads_a_secret_and_refuses_to_write_it() {
    let json = r#"{"user": "ada", "password": "hunter2"}"#;
    let login: Login = serde_json::from_str(json).expect("it is read");
    assert_eq!(login.password.expose(), "hunter2");
    let error = serde_json::to_string(&login)
        .expect_err("it is not written")
        .to_string();
    assert_eq!(
        error,
        "a secret is not written: leave the field out with `#[serde(skip_serializing)]`"
    );
    let mut written = Vec::new();
    assert!(serde_json::to_writer(&mut written, &login).is_err());
    assert!(!String::from_utf8_lossy(&written).contains("hunter2"));
    assert_eq!(
        format!("{login:?}"),
        r#"Login { user: "ada", password: [redacted] }"#
    );
}

#[test]
fn secrets_are_equal_by_what_they_hold() {
    let secret = |text: &str| Secret::from(text.to_owned());
    assert_eq!(secret("a"), Secret::from("a"));
    assert_ne!(secret("a"), secret("b"));
    assert_ne!(secret("a"), secret("ab"));
    assert_ne!(secret(""), secret("a"));
    assert_eq!(secret(""), Secret::default());
    assert_eq!(secret("a").clone(), secret("a"));
}

#[test]
fn a_text_with_room_to_spare_is_taken_as_it_is() {
    let mut text = String::with_capacity(100);
    text.push_str("hunter2");
    assert_eq!(Secret::from(text).expose(), "hunter2");
}
