//! Whether what happened is what was expected, as the format defines it.

use serde_json::Value;

/// Why `actual` does not match `expected`, of which it may be a superset; 42 stands for any value.
pub(crate) fn mismatch(expected: &Value, actual: Option<&Value>) -> Option<String> {
    let Some(actual) = actual.filter(|actual| !actual.is_null()) else {
        return Some(format!("{expected} is missing"));
    };
    if *expected == 42 || *expected == "42" {
        return None;
    }
    match (expected, actual) {
        (Value::Object(expected), Value::Object(_)) => expected.iter().find_map(|(key, value)| {
            mismatch(value, actual.get(key)).map(|why| format!("{key}: {why}"))
        }),
        (Value::Array(expected), Value::Array(actual)) => {
            (0..).zip(expected).find_map(|(index, value)| {
                mismatch(value, actual.get(index)).map(|why| format!("{index}: {why}"))
            })
        }
        _ if expected == actual => None,
        _ => Some(format!("{expected} was expected, {actual} came")),
    }
}
