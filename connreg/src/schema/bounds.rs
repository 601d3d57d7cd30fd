//! Ranges, as they stand in attributes, as bounds of JSON Schema.

use bytesize::ByteSize;
use serde_json::{Map, Number, Value};

use crate::settings::{Shape, parse_duration};

/// The greatest whole number that every reader of JSON keeps exactly.
const EXACT: i128 = 1 << 53;

/// The bounds of numbers that `shape` and `range` allow. Text of the same meaning has none: it is compared when
/// it is read.
pub(super) fn bounds(shape: &Shape, range: Option<&str>) -> Map<String, Value> {
    let mut bounds = Map::new();
    match *shape {
        Shape::Integer { min, max } => {
            limit(&mut bounds, "minimum", integer(min));
            limit(&mut bounds, "maximum", integer(max));
        }
        Shape::Duration | Shape::ByteSize => limit(&mut bounds, "minimum", integer(0)),
        Shape::Float => {}
        _ => return bounds,
    }
    let Some(range) = range else { return bounds };
    let (start, end, end_key) = match (range.split_once("..="), range.split_once("..")) {
        (Some((start, end)), _) => (start, end, "maximum"),
        (None, Some((start, end))) => (start, end, "exclusiveMaximum"),
        (None, None) => return bounds,
    };
    if let Some(start) = number(start, shape) {
        bounds.insert("minimum".to_owned(), Value::Number(start));
    }
    if let Some(end) = number(end, shape) {
        bounds.remove("maximum");
        bounds.insert(end_key.to_owned(), Value::Number(end));
    }
    bounds
}

fn limit(bounds: &mut Map<String, Value>, key: &str, value: Option<Number>) {
    bounds.extend(value.map(|value| (key.to_owned(), Value::Number(value))));
}

/// One bound; `None`: none, or an expression that only the compiler knows.
fn number(bound: &str, shape: &Shape) -> Option<Number> {
    let bound = bound.trim();
    match shape {
        Shape::Integer { .. } => integer(plain(bound).parse().ok()?),
        Shape::Float => float(plain(bound).parse().ok()?),
        Shape::Duration => float(parse_duration(bound)?.as_secs_f64()),
        Shape::ByteSize => integer(bound.parse::<ByteSize>().ok()?.0.into()),
        _ => None,
    }
}

/// A literal of Rust without separators and its type.
fn plain(literal: &str) -> String {
    let literal: String = literal
        .chars()
        .filter(|c| !matches!(c, '_' | ' '))
        .collect();
    match literal.find(['i', 'u', 'f']) {
        Some(suffix) => literal[..suffix].to_owned(),
        None => literal,
    }
}

pub(super) fn integer(number: i128) -> Option<Number> {
    (-EXACT..=EXACT)
        .contains(&number)
        .then(|| Number::from_i128(number))?
}

/// Whole where it is whole, so that `600` is not written `600.0`.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn float(number: f64) -> Option<Number> {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return integer(number as i128);
    }
    Number::from_f64(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_range_becomes_bounds() {
        let integer = Shape::Integer {
            min: 0,
            max: 65_535,
        };
        for (shape, range, expected) in [
            (integer, None, json!({"minimum": 0, "maximum": 65535})),
            (
                integer,
                Some("1..=10_000"),
                json!({"minimum": 1, "maximum": 10000}),
            ),
            (
                integer,
                Some("1u16.."),
                json!({"minimum": 1, "maximum": 65535}),
            ),
            (
                integer,
                Some("..5"),
                json!({"minimum": 0, "exclusiveMaximum": 5}),
            ),
            (
                integer,
                Some("MIN..=MAX"),
                json!({"minimum": 0, "maximum": 65535}),
            ),
            (
                Shape::Float,
                Some("0.0..=1.5"),
                json!({"minimum": 0, "maximum": 1.5}),
            ),
            (
                Shape::Duration,
                Some("1ms..=10min"),
                json!({"minimum": 0.001, "maximum": 600}),
            ),
            (Shape::ByteSize, Some("1 KiB.."), json!({"minimum": 1024})),
            (Shape::Text, Some("1..=2"), json!({})),
            (
                Shape::Integer {
                    min: i128::MIN,
                    max: i128::MAX,
                },
                None,
                json!({}),
            ),
        ] {
            assert_eq!(Value::Object(bounds(&shape, range)), expected, "{range:?}");
        }
    }
}
