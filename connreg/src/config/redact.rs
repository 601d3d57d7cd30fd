//! What of a key may be told: somebody may have written a secret where a key is read.

use std::borrow::Cow;

use super::tree::canonical;
use crate::nearest::nearest;

/// The longest part of a key that is told.
const LONGEST: usize = 64;

/// A dotted key, up to where it stops looking like one: of `{password hunter2}`, which YAML takes as one long
/// key, `password…`.
pub(crate) fn key(text: &str) -> Cow<'_, str> {
    let mut part = 0;
    for (at, c) in text.char_indices() {
        part = if matches!(c, '.' | '[') { 0 } else { part + 1 };
        let plain = c.is_alphanumeric() || "_-.[]?$/+<@".contains(c);
        if !plain || part > LONGEST {
            return Cow::Owned(format!("{}…", &text[..at]));
        }
    }
    Cow::Borrowed(text)
}

/// Whether nothing of a key has to be kept back.
pub(crate) fn is_plain(text: &str) -> bool {
    matches!(key(text), Cow::Borrowed(_))
}

/// Whether a key is, or may have been meant to be, that of a secret; in doubt it is.
pub(crate) fn names_a_secret(key: &str) -> bool {
    const PARTS: [&str; 9] = [
        "pass",
        "pwd",
        "secret",
        "token",
        "key",
        "credential",
        "auth",
        "connectionstring",
        "dsn",
    ];
    const MISSPELT: [&str; 5] = ["password", "secret", "token", "credentials", "passphrase"];
    let key = canonical(key);
    PARTS.iter().any(|part| key.contains(part)) || nearest(&key, MISSPELT).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_key_is_told() {
        for (text, told) in [
            ("db.pg.pool.max_size", "db.pg.pool.max_size"),
            ("db.größe.hosts[3]", "db.größe.hosts[3]"),
            ("db.pg.password hunter2", "db.pg.password…"),
            ("password:hunter2", "password…"),
            ("password=hunter2", "password…"),
        ] {
            assert_eq!(key(text), told);
        }
        assert!(!is_plain(&"x".repeat(LONGEST + 1)));
        assert!(is_plain(
            &["x".repeat(LONGEST), "y".repeat(LONGEST)].join(".")
        ));
    }

    #[test]
    fn misspelt_names_of_secrets_are_known() {
        for name in [
            "password",
            "pasword",
            "Admin_PassWord",
            "API-Key",
            "toke",
            "client_secret",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in ["host", "port", "pool_size", "options"] {
            assert!(!names_a_secret(name), "{name}");
        }
    }
}
