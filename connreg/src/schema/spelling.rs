//! Names as regular expressions: every spelling that configuration takes for one.
//!
//! Only what ECMA 262, RE2 and Rust's `regex` all know: no flags, no look-around.

use std::fmt::Write;

use crate::config::tree::canonical;

/// Keys that are nobody's.
pub(super) const IGNORED: &str = "^[xX]-";

/// The pattern of all spellings of `names`: any case, with or without `_` and `-`.
pub(super) fn pattern<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    format!("^(?:{})$", alternatives(names))
}

/// Like [`pattern`], to stand within another one.
pub(super) fn alternatives<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut known: Vec<String> = Vec::new();
    for name in names {
        let name = canonical(name);
        if !known.contains(&name) {
            known.push(name);
        }
    }
    let spellings: Vec<String> = known.iter().map(|name| spellings(name)).collect();
    spellings.join("|")
}

fn spellings(canonical: &str) -> String {
    const BETWEEN: &str = "[-_]*";
    let mut pattern = BETWEEN.to_owned();
    for character in canonical.chars() {
        let mut upper = character.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) if upper != character => {
                let _ = write!(pattern, "[{character}{upper}]");
            }
            _ => {
                if r"\^$.|?*+()[]{}/".contains(character) {
                    pattern.push('\\');
                }
                pattern.push(character);
            }
        }
        pattern.push_str(BETWEEN);
    }
    pattern
}

/// `at` with `name` behind it, as a JSON pointer in a URI's fragment.
pub(super) fn below(at: &str, name: &str) -> String {
    let mut pointer = format!("{at}/");
    for byte in name.bytes() {
        match byte {
            b'~' => pointer.push_str("~0"),
            b'/' => pointer.push_str("~1"),
            _ if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) => {
                pointer.push(char::from(byte));
            }
            _ => {
                let _ = write!(pointer, "%{byte:02X}");
            }
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_every_spelling_once() {
        assert_eq!(
            pattern(["a_b", "AB", "c2"]),
            "^(?:[-_]*[aA][-_]*[bB][-_]*|[-_]*[cC][-_]*2[-_]*)$"
        );
    }

    #[test]
    fn a_pointer_is_escaped_twice() {
        assert_eq!(below("#/$defs", "a/b c~é"), "#/$defs/a~1b%20c~0%C3%A9");
    }
}
