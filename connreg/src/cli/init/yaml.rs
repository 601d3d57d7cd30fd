//! Values as YAML.

use crate::schema::literal;
use crate::settings::Shape;

/// `text`, which a person would write for a setting of this shape, as YAML on one line.
pub(super) fn value(text: &str, shape: &Shape) -> String {
    match shape {
        Shape::List(_) | Shape::Map(_) | Shape::Any => {
            literal(text, shape).map_or_else(|| quoted(text), |value| value.to_string())
        }
        Shape::Bool | Shape::Integer { .. } | Shape::Float => text.to_owned(),
        _ => scalar(text),
    }
}

/// Text, in quotes where it would be taken for something else.
pub(super) fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/+-@".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_word = word.iter().any(|word| text.eq_ignore_ascii_case(word));
    // `5s` begins with a digit, and is still no number.
    let is_span = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
        && text.parse::<f64>().is_err()
        && !text.starts_with("0x")
        && !text.starts_with("0o");
    if (begins && !is_word && text.chars().all(plain)) || is_span {
        return text.to_owned();
    }
    quoted(text)
}

/// JSON's quotes are YAML's too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_must() {
        for (text, expected) in [
            ("shop", "shop"),
            ("data/shop.db", "data/shop.db"),
            ("db.example.com", "db.example.com"),
            ("30s", "30s"),
            ("yes", "\"yes\""),
            ("5432", "\"5432\""),
            ("1e5", "\"1e5\""),
            ("", "\"\""),
            ("-c a=b", "\"-c a=b\""),
            ("https://example.com", "\"https://example.com\""),
            ("a: b # \"c\"", "\"a: b # \\\"c\\\"\""),
            ("${SHOP}", "\"${SHOP}\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn lists_are_lists() {
        let list = Shape::List(&Shape::Text);
        assert_eq!(value("[]", &list), "[]");
        assert_eq!(value("a", &list), "[\"a\"]");
        assert_eq!(value("[a, b]", &list), "[\"a\",\"b\"]");
    }
}
