//! What a YAML parser's complaint means to whoever wrote the file, and what to do about it.

/// Part of the parser's words, what is wrong, and what to do.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("tab", "a tab stands where only spaces may", "write spaces"),
    (
        "no-break space",
        "a blank stands here that looks like a space and is none",
        "write spaces; copies of web pages have such blanks",
    ),
    (
        "invalid indentation in quoted scalar",
        "a quote is not closed",
        "close it, or indent the lines that belong to it",
    ),
    (
        "mapping values are not allowed",
        "a `:` stands where no key can be",
        "put a value that holds `: ` into quotes, and check that the line above has its own `:`",
    ),
    (
        "expected key",
        "a key was expected here",
        "indent the keys of one table alike",
    ),
    (
        "expected '-' indicator",
        "another item (`- …`) was expected here",
        "indent the items of one list alike, and keys deeper than the item that they belong to",
    ),
    (
        "unknown anchor",
        "this alias (`*…`) has no anchor",
        "write `&name` before the value that it stands for, further up in this file",
    ),
    (
        "expected node content",
        "a value was expected here",
        "close every `[` and `{`, and leave no comma without a value before it",
    ),
    (
        "expected ',' or '}'",
        "`,` or `}` was expected here",
        "close the `{` further up",
    ),
    (
        "expected ',' or ']'",
        "`,` or `]` was expected here",
        "close the `[` further up",
    ),
    (
        "illegal placement of ':'",
        "a `:` stands where no key can be",
        "close the `[` or `{` further up",
    ),
    (
        "simple key expect ':'",
        "a key has no `:` behind it",
        "write `key: value`, or indent what belongs to the value above",
    ),
    (
        "invalid trailing content",
        "something follows a closing quote",
        "put the whole value into quotes; within single quotes, `''` stands for one",
    ),
    (
        "unknown escape character",
        "no such escape is known after a `\\`",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        "misplaced bracket",
        "this bracket was never opened",
        "leave it out, or put the value into quotes",
    ),
    (
        "unexpected character",
        "a value can't begin with this character",
        "put the value into quotes",
    ),
];

/// The message and the help for a complaint; nothing of the file's text is in either.
pub(super) fn explain(complaint: &str) -> (String, &'static str) {
    let known = MEANINGS
        .iter()
        .find(|(words, ..)| complaint.contains(words));
    if let Some((_, message, help)) = known {
        return ((*message).to_owned(), help);
    }
    let help = "check indentation, colons and quotes here and in the lines above";
    // The parser quotes in backticks, and it may be part of a secret that it quotes.
    match complaint.split_once('`') {
        Some((before, _)) => (before.trim_end_matches([' ', ':']).to_owned(), help),
        None => (complaint.to_owned(), help),
    }
}
