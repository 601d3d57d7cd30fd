//! What of a key may be told: somebody may have written a secret where a key is read.

use std::borrow::Cow;

use super::tree::canonical;
use crate::nearest::nearest;

/// The longest part of a key that is told.
const LONGEST: usize = 64;

/// A dotted key, up to the first part that looks like none: `{password hunter2}` is one long key to YAML, and so is
/// what a colon that was forgotten leaves.
pub(crate) fn key(text: &str) -> Cow<'_, str> {
    let (mut start, mut length) = (0, 0);
    for (at, c) in text.char_indices() {
        if matches!(c, '.' | '[') {
            start = at + c.len_utf8();
            length = 0;
            continue;
        }
        length += 1;
        let plain = c.is_alphanumeric() || "_-]?$/+<@".contains(c);
        if !plain || length > LONGEST {
            return Cow::Owned(format!("{}…", &text[..start]));
        }
    }
    Cow::Borrowed(text)
}

/// Several keys, for a list of what there is.
pub(crate) fn keys(texts: &[&str]) -> String {
    let keys: Vec<_> = texts.iter().map(|text| key(text)).collect();
    keys.join(", ")
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
            ("db.pg.password hunter2", "db.pg.…"),
            ("password:hunter2", "…"),
            ("hunter2 host", "…"),
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
