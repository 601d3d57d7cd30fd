//! How values are written as text: numbers in quotes, durations, sizes, placeholders.

use serde_json::{Map, Value, json};

/// `${VAR}`, `${VAR:default}`, `${file:/path}`, `#{Token}#`, `$$`: what it gives is not known here.
pub(super) const PLACEHOLDER: &str =
    r"\$\$|\$\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*(?::[\s\S]*)?\}|#\{[A-Za-z0-9_.:-]+\}#";

const BOOLEAN: &str =
    "[tT][rR][uU][eE]|[yY][eE][sS]|[oO][nN]|1|[fF][aA][lL][sS][eE]|[nN][oO]|[oO][fF][fF]|0";
const INTEGER: &str = "[+-]?[0-9_]*[0-9][0-9_]*";
const UNSIGNED_NUMBER: &str = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?";
/// Days before the dot, as .NET writes them; hours, minutes, seconds.
const CLOCK: &str = r"(?:[0-9]+\.)?[0-9]+:0*[0-5]?[0-9]:0*[0-5]?[0-9](?:\.[0-9]*)?";
const SPAN_UNIT: &str = "nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|\
                         hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|months|month|M|years|year|yrs|yr|y";
const SIZE: &str = r"\+?[0-9]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)\s*(?:[bB]|[kKmMgGtTpPeE][iI]?[bB]?)";
const URL: &str = r"[a-zA-Z][a-zA-Z0-9+.-]*:[\s\S]*";

/// What each kind of value may be as text, to stand in `$defs`. They constrain text only; the type is said where
/// they are used.
pub(super) fn definitions() -> Map<String, Value> {
    let number = format!("[+-]?{UNSIGNED_NUMBER}");
    let span = format!(r"[0-9][0-9\s]*(?:\.[0-9\s]+)?(?:{SPAN_UNIT})");
    let duration = format!(r"\+?{UNSIGNED_NUMBER}|{CLOCK}|{span}(?:\s*{span})*");
    let mut definitions = Map::new();
    for (name, what, pattern) in [
        ("boolean", "true or false", BOOLEAN),
        ("integer", "a whole number", INTEGER),
        ("number", "a number", number.as_str()),
        (
            "duration",
            "a duration such as 30s, 1h 30m or 00:00:30",
            duration.as_str(),
        ),
        ("size", "a size such as 64 MiB", SIZE),
        ("url", "an absolute URL", URL),
    ] {
        let text = json!({
            "pattern": written(pattern),
            // Editors know it; without it they show the pattern.
            "patternErrorMessage": format!("Expected {what}."),
        });
        definitions.insert(name.to_owned(), text);
    }
    let placeholder = json!({ "type": "string", "pattern": PLACEHOLDER });
    definitions.insert("placeholder".to_owned(), placeholder);
    definitions
}

/// The pattern of a text that is `pattern`, or holds a placeholder.
pub(super) fn written(pattern: &str) -> String {
    format!(r"^\s*(?:{pattern})\s*$|{PLACEHOLDER}")
}
