//! Each setting of each type with many values.

use std::fmt::Write;

use connreg::{Field, Policy, Settings, Shape};
use serde_json::Value;

use super::{Count, TARGETS, flattened, mistaken, needs, types};
use crate::document::from_yaml;

/// Values as YAML.
const VALUES: &[&str] = &[
    "",
    "~",
    "true",
    "False",
    "yes",
    "off",
    "0",
    "1",
    "-1",
    "2",
    "5",
    "80",
    "5.5",
    "0.5",
    "1.0",
    "-0.5",
    "1e3",
    "0x1F",
    "99999",
    "70000",
    "-41",
    "121",
    "256",
    "1025",
    "601",
    "100000000",
    "'5'",
    "'70000'",
    "' 5 '",
    "'1_000'",
    "'+5'",
    "'-5'",
    "'5.5'",
    "'.5'",
    "'5.'",
    "'1e3'",
    "''",
    "' '",
    "abc",
    "abcde",
    "abcdef",
    "abcdefgh",
    "a b",
    "'true'",
    "'Yes'",
    "'on '",
    "oui",
    "30s",
    "1h 30m",
    "1.5h",
    "00:00:30",
    "0:0:5",
    "1.02:03:04.5",
    "00:61:00",
    "24:00",
    "1ms",
    "0s",
    "2h",
    "11min",
    "-30s",
    "30 s",
    "30x",
    "s",
    "64 MiB",
    "1KB",
    "1 kib",
    "1.5 MB",
    "64 XB",
    "5 b",
    "MiB",
    "http://a",
    "HTTPS://a.example/x?y=z",
    "localhost",
    "localhost:9200",
    "//a",
    "'http://'",
    "unix:/run/x",
    "[]",
    "[a]",
    "[a, b]",
    "[a, b, c, d]",
    "[1, 2]",
    "[80, x]",
    "[[a]]",
    "[~]",
    "[http://a, b]",
    "[{}]",
    "{}",
    "{a: b}",
    "{a: 1}",
    "{a: 1, b: 2, c: 3}",
    "{a: ~}",
    "'${NOPE:5}'",
    "'${NOPE:30s}'",
    "'${NOPE:}'",
    "'${NOPE:hot}'",
    "'${NOPE:-[]}'",
    "'$$'",
    "'${'",
    "'#{T}#'",
    "'#{'",
    "'x${NOPE:y}'",
    "'${file:empty}'",
    "off",
    "Verify-Full",
    "'verify_full '",
    "verifyfull",
    "hot",
    "WARM",
    "very_cold",
    "veryCold",
    "false",
    "eu-1",
    "EU-1",
    "7",
    "'7'",
    "always",
    "full",
    "fixed",
    "target",
    "{mode: off}",
    "{mode: x}",
    "{Mode: off, ca: /x}",
    "{max_size: 5}",
    "{MaxSize: 0}",
    "{max_sice: 5}",
    "{min-idle: 1, acquireTimeout: 1s}",
    "{max_attempts: '3', multiplier: 1}",
    "{way: hot}",
    "[{way: hot}]",
    "[{way: Very-Cold, key: 5}, {way: x}]",
    "[{key: a}]",
    "[[1, a]]",
    "[[1, a, 2]]",
    "{interval: 1s}",
    "{enabled: off, failure_threshold: 2}",
    "{failure_window: 0}",
    "{x-a: 1}",
    "{passphrase_file: empty}",
];

/// Why the loader may refuse what the schema accepts.
fn excuse(field: &Field, value: &Value) -> bool {
    let text = value.as_str();
    // What a placeholder gives.
    let placeholder = text.is_some_and(|text| text.contains(['$', '#']));
    let elsewhere = match field.shape {
        // What a text means is compared with the range when it is read.
        Shape::Float | Shape::Duration => text.is_some(),
        // And `1.0` is whole for a schema.
        Shape::Integer { .. } | Shape::ByteSize | Shape::List(&Shape::Integer { .. }) => {
            text.is_some() || value.is_f64()
        }
        // The parser of URLs sees more.
        Shape::Url | Shape::List(&Shape::Url) => text == Some("http://"),
        // Whether there is such a connection, of the right type.
        Shape::Connection => text.is_some() && (field.name, text) != ("base", Some("target")),
        // What types of others take.
        Shape::Any => true,
        // Whether there is such a policy.
        Shape::Text if field.name == "policy" => true,
        // The length of what is text only for the loader.
        Shape::Text | Shape::Secret => {
            !value.is_string() && (field.min_len.is_some() || field.max_len.is_some())
        }
        _ => false,
    };
    // Nothing is a value for an `Option`, and not for what has a default that can't be shown.
    placeholder || elsewhere || (field.default.is_none() && !field.required && value.is_null())
}

#[test]
fn each_setting_with_many_values() {
    let mut count = Count::default();
    for kind in types() {
        let common = <Policy as Settings>::FIELDS;
        // The settings of every connection need one type only.
        let common = if kind.name() == "mem" { common } else { &[] };
        for field in flattened(kind.settings()).into_iter().chain(common) {
            let settings: String = needs(kind)
                .iter()
                .filter(|(name, _)| *name != field.name)
                .fold(String::new(), |mut text, (name, value)| {
                    let _ = write!(text, ", {name}: {value}");
                    text
                });
            let connection =
                |value: &str| format!("{{type: {kind}{settings}, {}: {value}}}", field.name);
            let mut text = TARGETS.to_owned();
            for (index, value) in VALUES.iter().enumerate() {
                let _ = writeln!(text, "  c{index}: {}", connection(value));
            }
            let mistaken = mistaken(&text);
            for (index, value) in VALUES.iter().enumerate() {
                let loads = !mistaken.contains(&format!("c{index}"));
                let excused = excuse(field, &from_yaml(value));
                count.compare(&connection(value), loads, excused);
            }
        }
    }
    // Both answers must be common, and excuses must not be.
    let Count {
        both_accept,
        both_refuse,
        excused,
    } = count;
    assert!(
        both_accept > 1500 && both_refuse > 4000 && excused < 800,
        "{count:?}"
    );
}
