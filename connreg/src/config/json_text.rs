//! The words of JSON: what stands in quotes, and what should.

/// A text in quotes.
pub(super) struct Quoted {
    pub(super) text: String,
    /// Bytes from the opening quote to the closing one, neither counted.
    pub(super) length: usize,
    /// Whether it is closed in its line.
    pub(super) closed: bool,
    /// The first thing that is wrong within: where, what, and what to do.
    pub(super) mistake: Option<(usize, &'static str, &'static str)>,
}

/// Reads what stands behind an opening `quote`.
pub(super) fn string(rest: &str, quote: u8) -> Quoted {
    let bytes = rest.as_bytes();
    let mut quoted = Quoted {
        text: String::new(),
        length: 0,
        closed: false,
        mistake: None,
    };
    let mut at = 0;
    let mut plain = 0;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            _ if byte == quote => {
                quoted.closed = true;
                break;
            }
            b'\n' | b'\r' => break,
            b'\\' => {
                quoted.text.push_str(&rest[plain..at]);
                let (length, character) = escape(&rest[at..]);
                match character {
                    Some(character) => quoted.text.push(character),
                    None => {
                        quoted.mistake.get_or_insert((
                            at,
                            "no such escape is known after a `\\`",
                            "write `\\\\` for a backslash, and `\\u` with four digits for a character",
                        ));
                    }
                }
                at += length;
                plain = at;
            }
            0..0x20 => {
                quoted.mistake.get_or_insert((
                    at,
                    "a control character stands in a text",
                    "write `\\t` for a tab, and `\\u` with four digits for any other",
                ));
                at += 1;
            }
            _ => at += 1,
        }
    }
    quoted.text.push_str(&rest[plain..at]);
    quoted.length = at;
    quoted
}

/// How many bytes an escape has, and what it stands for.
fn escape(text: &str) -> (usize, Option<char>) {
    let simple = match text.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let Some(first) = unit(&text[2..]) else {
                return (2, None);
            };
            if let Some(character) = char::from_u32(first.into()) {
                return (6, Some(character));
            }
            let second = text[6..].strip_prefix("\\u").and_then(unit);
            let pair = [first, second.unwrap_or_default()];
            return match char::decode_utf16(pair).next() {
                Some(Ok(character)) => (12, Some(character)),
                _ => (6, None),
            };
        }
        // What stands behind may be several bytes long.
        _ => return (1, None),
    };
    (2, Some(simple))
}

fn unit(digits: &str) -> Option<u16> {
    let digits = digits.get(..4)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u16::from_str_radix(digits, 16).ok())?
}

/// What a bare word is.
pub(super) enum Word {
    Null,
    Bool(bool),
    Number,
    /// Nothing that JSON knows: message and help, neither with the word, which may be part of a secret.
    Wrong(&'static str, &'static str),
}

pub(super) fn meaning(word: &str) -> Word {
    const SMALL: &str = "JSON writes `true`, `false` and `null` in small letters";
    const NO_WORD: &str = "JSON does not know this word";
    let is_any = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    match word {
        "null" => Word::Null,
        "true" => Word::Bool(true),
        "false" => Word::Bool(false),
        _ if is_number(word) => Word::Number,
        _ if is_any(&["true", "false", "null"]) => Word::Wrong(SMALL, "write it in small letters"),
        _ if is_any(&["yes", "no", "on", "off"]) => {
            Word::Wrong(NO_WORD, "write true or false, or put it into double quotes")
        }
        _ if is_any(&["none", "nil", "undefined"]) => Word::Wrong(NO_WORD, "write null"),
        _ if is_any(&[
            "nan",
            "infinity",
            "-infinity",
            "inf",
            "-inf",
            ".inf",
            "-.inf",
        ]) =>
        {
            Word::Wrong("JSON knows finite numbers only", "write a number")
        }
        _ => wrong_number(word).unwrap_or(Word::Wrong(
            "a text stands in double quotes",
            "put it into double quotes",
        )),
    }
}

fn wrong_number(word: &str) -> Option<Word> {
    let digits = word.trim_start_matches(['+', '-']);
    let all = |allowed: fn(u8) -> bool| !digits.is_empty() && digits.bytes().all(allowed);
    let (message, help) = if digits.starts_with("0x") || digits.starts_with("0o") {
        (
            "JSON knows decimal numbers only",
            "write the number in decimal",
        )
    } else if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'e' | b'E'))
    {
        return None;
    } else if word.starts_with('+') {
        ("a number does not begin with `+`", "leave the `+` out")
    } else if digits.contains('_') {
        ("a number holds no `_`", "leave the `_` out")
    } else if digits.starts_with('0') && all(|byte| byte.is_ascii_digit()) {
        (
            "a number does not begin with `0`",
            "leave the `0` out, or put the digits into double quotes if they are a text",
        )
    } else if digits.bytes().filter(|byte| *byte == b'.').count() > 1 {
        return None;
    } else {
        (
            "this is not how JSON writes a number",
            "write it like `0.5` or `10`",
        )
    };
    Some(Word::Wrong(message, help))
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?`
fn is_number(word: &str) -> bool {
    fn digits(text: &str) -> &str {
        text.trim_start_matches(|c: char| c.is_ascii_digit())
    }
    let word = word.strip_prefix('-').unwrap_or(word);
    let mut rest = digits(word);
    let whole = &word[..word.len() - rest.len()];
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = digits(fraction);
        if rest.len() == fraction.len() {
            return false;
        }
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        rest = digits(exponent);
        return rest.is_empty() && !exponent.is_empty();
    }
    rest.is_empty()
}

/// What stands without quotes, up to what ends a value. `${…}` is one word.
pub(super) fn bare_word(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let ends = match character {
            '\n' | '\r' | '"' => true,
            '{' if before == '$' => {
                depth += 1;
                false
            }
            '}' if depth > 0 => {
                depth -= 1;
                false
            }
            ',' | '{' | '}' | '[' | ']' => depth == 0,
            // A comment, and not the slashes of a URL.
            '/' => before.is_whitespace() && text[at + 1..].starts_with(['/', '*']),
            _ => false,
        };
        if ends {
            return text[..at].trim_end();
        }
        before = character;
    }
    text.trim_end()
}

/// A key that lacks its quotes.
pub(super) fn bare_key(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '.');
    &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())]
}

/// Whether `text` begins with a key and its colon.
pub(super) fn is_key(text: &str) -> bool {
    let behind = if let Some(quote @ (b'"' | b'\'')) = text.as_bytes().first() {
        let quoted = string(&text[1..], *quote);
        if !quoted.closed {
            return false;
        }
        &text[quoted.length + 2..]
    } else {
        let key = bare_key(text);
        if !key.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return false;
        }
        &text[key.len()..]
    };
    behind.trim_start_matches([' ', '\t']).starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_json() {
        for number in [
            "0",
            "-0",
            "10",
            "1.5",
            "1e3",
            "1.5E-3",
            "123456789012345678901234567890",
        ] {
            assert!(is_number(number), "{number}");
        }
        for word in [
            "", "-", "01", "+1", ".5", "1.", "1e", "0x1", "1_000", "1.2.3", "30s", "nan",
        ] {
            assert!(!is_number(word), "{word}");
        }
    }

    #[test]
    fn escapes_are_those_of_json() {
        let read = |text: &str| {
            let quoted = string(text, b'"');
            assert!(quoted.closed && quoted.length == text.len() - 1, "{text}");
            quoted.mistake.is_none().then_some(quoted.text)
        };
        for (text, expected) in [
            (r#"a\"b\\\/\b\f\n\r\t""#, "a\"b\\/\u{8}\u{c}\n\r\t"),
            (r#"\u00e4\uD83E\udd80""#, "ä🦀"),
            (r#"ü€""#, "ü€"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            r#"\q""#,
            r#"\ü""#,
            r#"\u12""#,
            r#"\uD83E""#,
            r#"\uD83Ex\u1234""#,
            r#"\udd80""#,
            "a\tb\"",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_bare_word_ends_where_a_value_does() {
        for (text, expected) in [
            ("abc, d", "abc"),
            ("a b  // c", "a b"),
            ("http://x/y }", "http://x/y"),
            ("${A:b,c}x]", "${A:b,c}x"),
            ("00:00:30\n", "00:00:30"),
        ] {
            assert_eq!(bare_word(text), expected);
        }
    }
}
