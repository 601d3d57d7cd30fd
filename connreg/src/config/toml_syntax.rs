//! Where a statement of TOML ends, and what a parser's complaint about one means to whoever wrote it.

use std::ops::Range;

use toml_parser::ParseError;

/// A table's name, or a key with its value; and what is wrong with it, if that is why it ends.
pub(super) struct Statement {
    pub(super) range: Range<usize>,
    pub(super) flaw: Option<Complaint>,
}

/// What is wrong, and what to do. Places count from the statement's first byte.
#[derive(Clone)]
pub(super) struct Complaint {
    pub(super) at: Range<usize>,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

fn complaint(at: Range<usize>, message: &'static str, help: &'static str) -> Complaint {
    Complaint { at, message, help }
}

/// The bracket at `at` is never closed.
fn unclosed(bracket: u8, at: usize) -> Complaint {
    let (message, help) = match bracket {
        b'[' => (
            "this `[` is not closed",
            "write `]` behind what belongs to it",
        ),
        _ => (
            "this `{` is not closed",
            "write `}` behind what belongs to it",
        ),
    };
    complaint(at..at + 1, message, help)
}

const NOT_CLOSED: (&str, &str) = (
    "a quote is not closed",
    "close it; a text of several lines stands between `\"\"\"` or `'''`",
);

/// The statements of a file, with what lies between them.
pub(super) fn statements(text: &str) -> impl Iterator<Item = Statement> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let statement = next(text, at)?;
        at = statement.range.end;
        Some(statement)
    })
}

/// The statement at `start`: up to the end of its line, or of the line that closes its last bracket or quote.
fn next(text: &str, start: usize) -> Option<Statement> {
    let bytes = text.as_bytes();
    bytes.get(start)?;
    let begins = start + blank(&text[start..]);
    let is_header = bytes.get(begins) == Some(&b'[');
    let mut open: Vec<usize> = Vec::new();
    let mut flaw = None;
    // The last thing that is neither white space nor a comment.
    let mut last = b'=';
    let mut at = start;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'#' => at = line_end(text, at),
            b'"' | b'\'' => {
                let (end, closed) = string(text, at, byte);
                if !closed {
                    let (message, help) = NOT_CLOSED;
                    flaw.get_or_insert(complaint(at - start..end - start, message, help));
                }
                (at, last) = (end, byte);
            }
            b'[' | b'{' => {
                open.push(at);
                (at, last) = (at + 1, byte);
            }
            b']' | b'}' => {
                open.pop();
                (at, last) = (at + 1, byte);
            }
            b'\n' | b'\r' => {
                let behind = at + if text[at..].starts_with("\r\n") { 2 } else { 1 };
                let Some(innermost) = open.last().copied() else {
                    return Some(Statement {
                        range: start..behind,
                        flaw,
                    });
                };
                if is_header
                    || flaw.is_some()
                    || begins_another(text, behind, bytes[innermost], last)
                {
                    flaw.get_or_insert(unclosed(bytes[innermost], innermost - start));
                    return Some(Statement {
                        range: start..behind,
                        flaw,
                    });
                }
                at = behind;
            }
            b' ' | b'\t' => at += 1,
            _ => (at, last) = (at + 1, byte),
        }
    }
    if let Some(innermost) = open.last() {
        flaw.get_or_insert(unclosed(bytes[*innermost], innermost - start));
        // What follows the line may well be meant for something else, and is read by itself.
        let end = line_end(text, *innermost);
        let end = end + usize::from(end < text.len());
        return Some(Statement {
            range: start..end,
            flaw,
        });
    }
    Some(Statement {
        range: start..text.len(),
        flaw,
    })
}

/// The end of the text that begins with the quote at `start`, and whether it is closed.
fn string(text: &str, start: usize, quote: u8) -> (usize, bool) {
    let bytes = text.as_bytes();
    let triple = if quote == b'"' { "\"\"\"" } else { "'''" };
    let multiline = text[start..].starts_with(triple);
    let mut at = start + if multiline { 3 } else { 1 };
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            _ if byte == quote && !multiline => return (at + 1, true),
            _ if byte == quote && text.get(at..).is_some_and(|rest| rest.starts_with(triple)) => {
                // Up to two more quotes belong to the text.
                let more = bytes[at + 3..].iter().take(2).take_while(|b| **b == quote);
                return (at + 3 + more.count(), true);
            }
            b'\n' | b'\r' if !multiline => return (at, false),
            _ => at += 1,
        }
    }
    // A text of several lines that has no end takes only its first line.
    (line_end(text, start), false)
}

fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    rest.find(['\n', '\r'])
        .map_or(text.len(), |length| at + length)
}

fn blank(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// Whether a line within a bracket begins another statement, so that the bracket was never closed.
fn begins_another(text: &str, at: usize, bracket: u8, last: u8) -> bool {
    let line = &text[at..line_end(text, at)];
    let line = line.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ');
    if let Some(name) = line.strip_prefix('[') {
        let name = name.trim_start_matches('[');
        let end = name.find(']').unwrap_or(name.len());
        let begins_well = name.starts_with(|c: char| c.is_alphabetic());
        return begins_well && end < name.len() && name[..end].chars().all(is_name);
    }
    let Some((key, _)) = line.split_once('=') else {
        return false;
    };
    let is_key = !key.trim().is_empty() && key.chars().all(is_name);
    // Between `{` and `}`, keys stand on lines of their own as well, but behind commas.
    is_key && (bracket == b'[' || !matches!(last, b',' | b'{'))
}

const LEAVE_OUT: &str = "leave it out, or put the value into quotes";
const NO_VALUE: (&str, &str) = (
    "a value is missing here",
    "write a value, or leave the key out",
);

/// The parser's words, what is wrong, and what to do.
const MEANINGS: &[(&[&str], &str, &str)] = &[
    (
        &[
            "missing comma between array elements",
            "missing comma between key-value pairs",
        ],
        "a comma is missing here",
        "separate values by commas",
    ),
    (
        &["extra comma in array", "extra comma in inline table"],
        "a comma without a value before it",
        "leave it out",
    ),
    (
        &["unexpected key or value", "unexpected content"],
        "something follows a value",
        "put each key on a line of its own, and the whole of a text into one pair of quotes",
    ),
    (
        &[
            "missing table open",
            "missing array opening",
            "missing inline table opening",
        ],
        "this bracket was never opened",
        LEAVE_OUT,
    ),
    (
        &[
            "extra `=`",
            "extra assignment between key-value pairs",
            "unexpected `=` in array",
        ],
        "a `=` too many",
        LEAVE_OUT,
    ),
    (&["missing value"], NO_VALUE.0, NO_VALUE.1),
    (
        &["invalid unquoted key"],
        "a key without quotes holds letters, digits, `_` and `-` only",
        "put the key into quotes",
    ),
    (
        &["unquoted keys cannot be empty", "invalid key-value pair"],
        "a key is missing here",
        "write `key = value`",
    ),
    (
        &["invalid string"],
        "a text holds what must not stand in one",
        "write a control character as an escape, such as `\\t`",
    ),
    (
        &["carriage return must be followed by newline"],
        "a line ends with a carriage return alone",
        "end lines with a line feed",
    ),
];

/// Parts of what the parser says of numbers and dates.
const NUMBERS: &[&str] = &[
    "number",
    "digit",
    "sign",
    "float",
    "date-time",
    "radix",
    "integer",
    "boolean",
    "binary",
];

/// What a complaint means; nothing of the file's text is in it.
pub(super) fn explain(error: &ParseError, text: &str) -> Complaint {
    let said = error.description();
    let span = error.unexpected().or(error.context());
    let at = span.map_or(0..0, |span| span.start()..span.end());
    let whole = error
        .context()
        .map_or(at.clone(), |span| span.start()..span.end());
    let written = text.get(whole.clone()).unwrap_or_default();
    if [
        "missing escaped value",
        "too few unicode value digits",
        "invalid value",
    ]
    .contains(&said)
    {
        let escape = text.get(..at.end).and_then(|before| before.rfind('\\'));
        let escape = escape.unwrap_or(at.start);
        return complaint(
            escape..escape + 1,
            "no such escape is known after a `\\`",
            "write `\\\\` for a backslash, or use single quotes",
        );
    }
    if let Some((_, message, help)) = MEANINGS.iter().find(|(known, ..)| known.contains(&said)) {
        return complaint(at, message, help);
    }
    match said {
        "key with no value" | "missing value for key" => no_equals(text, &at),
        "string values must be quoted" => unquoted(written, whole),
        "unclosed table" | "unclosed array table" => complaint(
            0..text.trim_end().len(),
            "the name of a table is not closed",
            "write it as `[name]`, or `[[name]]` for a list of tables",
        ),
        "unexpected leading zero" => complaint(
            whole,
            "a number does not begin with `0`",
            "leave the `0` out, or put the digits into quotes if they are a text",
        ),
        _ if !NUMBERS.iter().any(|part| said.contains(part)) => complaint(
            at,
            "this is not how TOML is written",
            "check quotes, brackets and `=` here and in the lines above",
        ),
        _ if written.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => complaint(
            whole,
            "this is neither a number nor a text",
            "put a text into quotes; a number has digits, and one point at most",
        ),
        _ => unquoted(written, whole),
    }
}

/// A key without `=`.
fn no_equals(text: &str, at: &Range<usize>) -> Complaint {
    let key = text.get(..at.start).unwrap_or_default();
    if let Some(colon) = key.find(':').filter(|_| !key.contains(['"', '\''])) {
        let message = "`=` was expected here, not `:`";
        return complaint(colon..colon + 1, message, "write `key = value`");
    }
    let end = key.trim_end().len();
    complaint(
        end..end + 1,
        "a key has no `=` behind it",
        "write `key = value`",
    )
}

/// A value without quotes that is none that TOML knows.
fn unquoted(written: &str, at: Range<usize>) -> Complaint {
    let is_any = |words: &[&str]| {
        words
            .iter()
            .any(|known| written.eq_ignore_ascii_case(known))
    };
    if written.is_empty() {
        return complaint(
            at,
            "a value is missing here",
            "write a value, or leave the key out",
        );
    }
    if is_any(&["yes", "no", "on", "off", "true", "false"]) {
        let message = "TOML writes `true` and `false`, in small letters";
        return complaint(at, message, "write true or false, or put it into quotes");
    }
    if is_any(&["null", "nil", "none", "~"]) {
        let message = "TOML has no word for nothing";
        return complaint(at, message, "leave the key out");
    }
    complaint(at, "a text stands in quotes", "put it into quotes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(&str, Option<usize>)> {
        statements(text)
            .map(|s| (&text[s.range.clone()], s.flaw.map(|flaw| flaw.at.start)))
            .collect()
    }

    #[test]
    fn statements_end_where_their_brackets_and_quotes_do() {
        assert_eq!(
            split("[a]\r\nb = [1, # [\n 2]\nc = '''\n]'''\n\nd = { e = \"\\\"[\",\n f = 1 }"),
            [
                ("[a]\r\n", None),
                ("b = [1, # [\n 2]\n", None),
                ("c = '''\n]'''\n", None),
                ("\n", None),
                ("d = { e = \"\\\"[\",\n f = 1 }", None),
            ]
        );
    }

    #[test]
    fn what_is_not_closed_costs_no_other_statement() {
        assert_eq!(
            split("a = [1\nb = 2\nc = { d = 1\n[e]\nf = 'x\ng = \"\"\"\nh = 1\n[i\nj = ["),
            [
                ("a = [1\n", Some(4)),
                ("b = 2\n", None),
                ("c = { d = 1\n", Some(4)),
                ("[e]\n", None),
                ("f = 'x\n", Some(4)),
                ("g = \"\"\"\n", Some(4)),
                ("h = 1\n", None),
                ("[i\n", Some(0)),
                ("j = [", Some(4)),
            ]
        );
    }
}
