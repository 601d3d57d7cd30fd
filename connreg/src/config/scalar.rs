//! What a plain scalar means: the core schema of YAML 1.2, and the numbers of JSON and TOML.

use super::tree::{Node, Origin, Value};

/// A plain YAML scalar: null, a boolean, a number, or else text.
pub(crate) fn core_schema(text: &str, origin: Origin) -> Node {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => core_number(text).unwrap_or_else(|| Value::Text(text.to_owned())),
    };
    Node::new(value, origin).written(text)
}

/// Whether `node` has the type that a core tag (`bool`, `int`, …) asks for.
pub(crate) fn has_core_type(node: &Node, tag: &str) -> bool {
    match node.value {
        Value::Null => tag == "null",
        Value::Bool(_) => tag == "bool",
        Value::Integer(_) => matches!(tag, "int" | "float"),
        Value::Float(_) => tag == "float",
        _ => false,
    }
}

/// A JSON number.
pub(crate) fn json_number(text: &str, origin: Origin) -> Node {
    let value = core_number(text).unwrap_or_else(|| Value::Text(text.to_owned()));
    Node::new(value, origin).written(text)
}

fn core_number(text: &str) -> Option<Value> {
    let first = *text.as_bytes().first()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return unsigned(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return unsigned(hexadecimal, 16);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that no integer holds is still a number.
        return text
            .parse()
            .map(Value::Integer)
            .ok()
            .or_else(|| text.parse().map(Value::Float).ok());
    }
    match digits {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => {
            return Some(Value::Float(f64::NEG_INFINITY));
        }
        ".inf" | ".Inf" | ".INF" => return Some(Value::Float(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if digits == text => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    is_float(digits)
        .then(|| text.parse().map(Value::Float).ok())
        .flatten()
}

fn unsigned(digits: &str, radix: u32) -> Option<Value> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    i128::from_str_radix(digits, radix)
        .ok()
        .filter(|_| plain)
        .map(Value::Integer)
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    mantissa
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::tree::Source;

    fn read(text: &str) -> String {
        let node = core_schema(text, Origin::new(Arc::new(Source::Code), None));
        let value = match &node.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("bool {value}"),
            Value::Integer(value) => format!("int {value}"),
            Value::Float(value) => format!("float {value}"),
            Value::Text(value) => format!("text {value}"),
            _ => "?".to_owned(),
        };
        match node.written {
            Some(written) => format!("{value} written {written}"),
            None => value,
        }
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("NULL", "null"),
            ("nUll", "text nUll"),
            ("True", "bool true written True"),
            ("yes", "text yes"),
            ("off", "text off"),
            ("0", "int 0"),
            ("0123", "int 123 written 0123"),
            ("+12", "int 12 written +12"),
            ("-5", "int -5"),
            ("0o17", "int 15 written 0o17"),
            ("0x1F", "int 31 written 0x1F"),
            ("0x-1", "text 0x-1"),
            ("1_000", "text 1_000"),
            ("1.5", "float 1.5"),
            ("1.10", "float 1.1 written 1.10"),
            ("1e3", "float 1000 written 1e3"),
            (".5", "float 0.5 written .5"),
            (".", "text ."),
            ("1.2.3", "text 1.2.3"),
            ("-", "text -"),
            ("e3", "text e3"),
            ("-.inf", "float -inf written -.inf"),
            ("00:00:30", "text 00:00:30"),
            ("30s", "text 30s"),
            ("2024-01-01", "text 2024-01-01"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
