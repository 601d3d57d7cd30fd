//! How placeholders are written: where one ends, what is its name, its reference and its default.

/// Where the brace that was opened before `text` is closed.
pub(super) fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'$' if matches!(bytes.get(at + 1), Some(b'$')) => at += 1,
            b'$' if matches!(bytes.get(at + 1), Some(b'{')) => {
                open += 1;
                at += 1;
            }
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The inside of a `#{…}#` at the start of `text`, and what follows. `is_provider` says before which colons anything
/// may stand.
pub(super) fn token(text: &str, is_provider: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let (inside, behind) = text.strip_prefix("#{")?.split_once("}#")?;
    let name_like = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    let is_token = (!inside.is_empty() && inside.chars().all(name_like))
        || inside
            .split_once(':')
            .is_some_and(|(name, _)| is_provider(name));
    is_token.then_some((inside, behind))
}

/// The name of a variable.
pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// Behind a provider's colon: the reference, and the default behind the first `|` that stands alone. `||` is one `|`,
/// which the caller gets as it is written.
pub(super) fn reference(text: &str) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'$' if matches!(bytes.get(at + 1), Some(b'{')) => {
                open += 1;
                at += 1;
            }
            b'}' if open > 0 => open -= 1,
            b'|' if open == 0 && matches!(bytes.get(at + 1), Some(b'|')) => at += 1,
            b'|' if open == 0 => return (&text[..at], Some(&text[at + 1..])),
            _ => {}
        }
        at += 1;
    }
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::reference;

    #[test]
    fn a_reference_ends_at_a_bar_that_stands_alone() {
        for (text, expected) in [
            ("a/b", ("a/b", None)),
            ("a/b|c", ("a/b", Some("c"))),
            ("a|", ("a", Some(""))),
            ("|a", ("", Some("a"))),
            ("a||b", ("a||b", None)),
            ("a||b|c|d", ("a||b", Some("c|d"))),
            ("${A:x|y}/b|c", ("${A:x|y}/b", Some("c"))),
            ("ü|ß", ("ü", Some("ß"))),
        ] {
            assert_eq!(reference(text), expected, "{text}");
        }
    }
}
