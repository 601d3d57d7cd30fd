//! Each key of each type in many spellings, right and wrong.

use std::fmt::Write;

use connreg::{Policy, Settings, Shape};

use super::{Count, TARGETS, flattened, mistaken, needs, types};

/// A few ways to write a key, and a few mistakes in it.
fn spellings(name: &str) -> Vec<String> {
    let (head, tail) = name.split_at(1);
    vec![
        name.to_owned(),
        name.to_uppercase(),
        name.replace('_', "-"),
        name.replace('_', ""),
        format!("{}{tail}", head.to_uppercase()),
        format!("_{head}-_{tail}__"),
        format!("{name}s"),
        format!("{name}_file"),
        format!("{name}File"),
        format!("{head}{name}"),
        format!("x-{name}"),
        format!("{name} "),
        tail.to_owned(),
    ]
}

#[test]
fn each_key_in_many_spellings() {
    let mut count = Count::default();
    for kind in types() {
        let fields = flattened(kind.settings())
            .into_iter()
            .chain(<Policy as Settings>::FIELDS);
        for field in fields {
            let value = match field.shape {
                Shape::Map(_) | Shape::Table(_) => "{}",
                Shape::List(_) if field.min_len.is_none() => "[]",
                Shape::List(_) => "[http://a, http://b]",
                Shape::Choice(choices) => choices[0].name,
                Shape::Bool => "true",
                Shape::Duration | Shape::Float => "1",
                Shape::Integer { .. } => "2",
                Shape::ByteSize => "2000",
                Shape::Url => "http://a",
                Shape::Connection if field.name == "next" => "other",
                Shape::Connection => "target",
                Shape::Any => "[]",
                _ if field.name == "policy" => "target",
                _ if !field.one_of.is_empty() => field.one_of[0],
                _ if field.max_len.is_some() => "abc",
                _ => "empty",
            };
            let names = std::iter::once(field.name).chain(field.aliases.iter().copied());
            let keys: Vec<String> = names.flat_map(spellings).collect();
            let connection = |key: &str| {
                let mut text = format!("{{type: {kind}");
                for (name, value) in needs(kind).iter().filter(|(name, _)| *name != field.name) {
                    let _ = write!(text, ", {name}: {value}");
                }
                format!("{text}, '{key}': {value}}}")
            };
            let mut text = TARGETS.to_owned();
            for (index, key) in keys.iter().enumerate() {
                let _ = writeln!(text, "  c{index}: {}", connection(key));
            }
            let mistaken = mistaken(&text);
            for (index, key) in keys.iter().enumerate() {
                let loads = !mistaken.contains(&format!("c{index}"));
                // The file of a secret is empty here, which is too short for some.
                let excused = key.to_lowercase().ends_with("file") && field.min_len.is_some();
                count.compare(&connection(key), loads, excused);
            }
        }
    }
    let Count {
        both_accept,
        both_refuse,
        excused,
    } = count;
    assert!(
        both_accept > 500 && both_refuse > 500 && excused < 10,
        "{count:?}"
    );
}
