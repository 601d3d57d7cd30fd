//! A line of a file as a report may show it: keys and punctuation, values only where a message quotes them.

use std::collections::HashSet;
use std::ops::Range;

use super::common::TYPE_KEYS;
use super::discover::categories;
use super::keys::Known;
use super::redact;
use super::tree::{Node, Origin, Value, canonical};
use crate::registry::Registry;
use crate::settings::{Field, Shape};

/// What stands for everything that is not shown.
const HIDDEN: char = '…';

/// How deeply keys may stand that are names of categories and connections, and no settings.
const NAMES: usize = 2;

/// A key or a scalar in a file's text, by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    start: usize,
    end: usize,
    /// For a key, how many tables it stands in; for a scalar, none.
    key: Option<usize>,
}

/// Where keys and scalars stand in a file that could be read, in the order of writing.
#[derive(Clone, Default)]
pub(super) struct Structure(Vec<Piece>);

impl Structure {
    /// The structure of the file that `root` was read from; `offset` bytes stand before its text.
    pub(super) fn of(root: &Node, text: &str, offset: usize) -> Self {
        let mut pieces = Vec::new();
        collect(root, offset, 1, &mut pieces);
        // A text over several lines ends where the next line's key begins: its indentation is no part of it.
        for piece in &mut pieces {
            let written = text.get(piece.start..piece.end).unwrap_or_default();
            if written.contains('\n') {
                piece.end = piece.start + written.trim_end().len();
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        Self(pieces)
    }
}

fn collect(node: &Node, offset: usize, depth: usize, pieces: &mut Vec<Piece>) {
    let mut add = |origin: &Origin, key| {
        if let Some(span) = origin.span.filter(|span| span.end > span.start) {
            let (start, end) = (span.start - offset, span.end - offset);
            pieces.push(Piece { start, end, key });
        }
    };
    match &node.value {
        Value::Table(table) => {
            for entry in &table.entries {
                add(&entry.key_origin, Some(depth));
            }
            for entry in &table.entries {
                collect(&entry.node, offset, depth + 1, pieces);
            }
        }
        Value::List(items) => {
            for item in items {
                collect(item, offset, depth + 1, pieces);
            }
        }
        Value::Null | Value::Mistaken => {}
        _ => add(&node.origin, None),
    }
}

/// Whether a key may be shown. What a quote or a colon that was forgotten has made a key of may be a secret: so it is
/// the name of a setting, or what is pointed at, and it has a colon.
fn is_shown(piece: Piece, text: &str, words: &Vocabulary, pointed: bool) -> bool {
    let Some(depth) = piece.key else { return false };
    let Some((key, behind)) = text.split_at_checked(piece.end) else {
        return false;
    };
    let key = key
        .get(piece.start..)
        .unwrap_or_default()
        .trim_matches(['"', '\'']);
    redact::is_plain(key)
        && (is_followed_as_key(behind) || behind.trim_start_matches(['"', '\'']).starts_with(']'))
        && (depth <= NAMES || pointed || words.has(key))
}

/// Whether a value is nothing but `${NAME}`, which tells no more than that name.
fn is_variable(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    let name = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(is_word))
}

/// The words that may be keys; in a file that can't be read no others are shown.
pub(super) struct Vocabulary(HashSet<String>);

impl Vocabulary {
    pub(super) fn of(registry: &Registry) -> Self {
        let mut words = HashSet::new();
        let mut add = |word: &str| {
            words.insert(canonical(word));
        };
        for word in TYPE_KEYS.iter().copied().chain(categories(registry)) {
            add(word);
        }
        add("connections");
        for kind in registry.types() {
            add(kind.name());
            kind.aliases().iter().for_each(|alias| add(alias));
            let sections = kind.sections().iter();
            sections
                .flat_map(|section| section.split('.'))
                .for_each(&mut add);
            Known::of(*kind).names().iter().for_each(|name| add(name));
            nested(kind.settings(), &mut add);
        }
        nested(super::common::FIELDS, &mut add);
        Self(words)
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(&canonical(word))
    }
}

fn nested(fields: &[Field], add: &mut impl FnMut(&str)) {
    for field in fields {
        field.names().for_each(&mut *add);
        if let Shape::Table(fields) = field.shape {
            nested(fields, add);
        }
    }
}

/// A masked line, and the bytes of it that are pointed at.
pub(super) struct Masked {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// The part `window` of a line of a file that could be read; `told`: the scalar that is pointed at may be shown.
pub(super) fn structured(
    text: &str,
    structure: &Structure,
    words: &Vocabulary,
    window: Range<usize>,
    span: Range<usize>,
    told: bool,
) -> Masked {
    // What a placeholder's default is, is not told.
    let pointed = &text[span.clone()];
    let told = is_variable(pointed) || told && !pointed.contains(['$', '#']);
    let mut line = Line::new(text, span);
    let mut at = window.start;
    let first = structure.0.partition_point(|piece| piece.end <= at);
    let mut pieces = &structure.0[first..];
    while at < window.end {
        let to = match pieces.first() {
            Some(piece) if piece.end <= at => {
                pieces = &pieces[1..];
                continue;
            }
            Some(piece) if piece.start <= at => {
                let to = piece.end.min(window.end);
                let pointed = line.span == (piece.start..piece.end);
                if is_shown(*piece, text, words, pointed) || told && pointed {
                    line.show(at..to);
                } else {
                    line.hide(at..to);
                }
                to
            }
            next => {
                let to = next.map_or(window.end, |piece| piece.start.min(window.end));
                // A key that is there twice is in no tree.
                let pointed = line.span.clone();
                let shown = told && at <= pointed.start && pointed.end <= to;
                let stop = if shown { pointed.start } else { to };
                if !line.between(at..stop, words) {
                    break;
                }
                if shown {
                    line.show(pointed.clone());
                    pointed.end.max(at + 1).min(to)
                } else {
                    to
                }
            }
        };
        at = to;
    }
    line.finish()
}

/// The part `window` of a line of a file whose structure is not known.
pub(super) fn broken(
    text: &str,
    words: &Vocabulary,
    window: Range<usize>,
    span: Range<usize>,
) -> Masked {
    let mut line = Line::new(text, span);
    let content = &text[window.clone()];
    let is_header = content.trim_start().starts_with('[');
    let mut at = window.start;
    while at < window.end {
        let rest = &text[at..window.end];
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if word > 0 {
            let behind = &rest[word..];
            let is_key = is_header || is_followed_as_key(behind);
            if is_key && words.has(&rest[..word]) {
                line.show(at..at + word);
                at += word;
            } else {
                let length = hidden_run(rest);
                line.hide(at..at + length);
                at += length;
            }
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        let length = c.len_utf8();
        match c {
            '"' | '\'' => {
                // A name in quotes is shown as one without.
                let inner = &rest[length..];
                let name = inner.find(|c| !is_word(c)).unwrap_or(inner.len());
                let closed = inner[name..].strip_prefix(c);
                if closed.is_some_and(|behind| is_header || is_followed_as_key(behind))
                    && words.has(&inner[..name])
                {
                    line.show(at..at + name + 2 * length);
                    at += name + 2 * length;
                } else {
                    let end = end_of_quoted(inner, c).map_or(rest.len(), |end| end + 2 * length);
                    line.hide(at..at + end);
                    at += end;
                }
            }
            '#' | '/' if line.ends_before_comment() => {
                line.comment(at..window.end);
                break;
            }
            _ if c.is_whitespace() || is_structural(c) => {
                line.show(at..at + length);
                at += length;
            }
            _ => {
                let end = hidden_run(rest).max(length);
                line.hide(at..at + end);
                at += end;
            }
        }
    }
    line.finish()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

fn is_structural(c: char) -> bool {
    "{}[],:=-?.|><".contains(c)
}

/// Whether what follows a word makes a key of it.
fn is_followed_as_key(behind: &str) -> bool {
    let behind = behind.strip_prefix(['"', '\'']).unwrap_or(behind);
    let next = behind.trim_start();
    next.starts_with([':', '='])
        || behind
            .strip_prefix('.')
            .is_some_and(|next| next.starts_with(is_word))
}

/// How long what has to be hidden goes on: up to a space, a bracket, a comma, a quote, or a colon behind a key.
fn hidden_run(text: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        let behind = &text[at + c.len_utf8()..];
        let ends = c.is_whitespace()
            || "{}[],\"'".contains(c)
            || matches!(c, ':' | '=')
                && (behind.is_empty() || behind.starts_with(char::is_whitespace));
        ends.then_some(at)
    };
    text.char_indices().find_map(ends).unwrap_or(text.len())
}

/// Where the quote `mark` that was opened before `text` is closed.
fn end_of_quoted(text: &str, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == mark && !escaped {
            return Some(at);
        }
        escaped = c == '\\' && mark == '"' && !escaped;
    }
    None
}

/// A masked line in the making.
struct Line<'t> {
    text: &'t str,
    span: Range<usize>,
    output: String,
    start: Option<usize>,
    end: Option<usize>,
}

impl<'t> Line<'t> {
    fn new(text: &'t str, span: Range<usize>) -> Self {
        let (output, start, end) = (String::new(), None, None);
        Self {
            text,
            span,
            output,
            start,
            end,
        }
    }

    /// Adds `range` as it was written.
    fn show(&mut self, range: Range<usize>) {
        let at = self.output.len();
        self.output.push_str(&self.text[range.clone()]);
        if self.start.is_none() && self.span.start < range.end {
            self.start = Some(at + self.span.start.saturating_sub(range.start));
        }
        if self.end.is_none() && self.span.end <= range.end {
            self.end = Some(at + self.span.end.saturating_sub(range.start));
        }
    }

    /// Adds a mark for `range`, within the quotes that are around it.
    fn hide(&mut self, range: Range<usize>) {
        let at = self.output.len();
        let hidden = &self.text[range.clone()];
        let mark = hidden.chars().next().filter(|c| matches!(c, '"' | '\''));
        self.output.extend(mark);
        if mark.is_some() || !self.output.ends_with(HIDDEN) {
            self.output.push(HIDDEN);
        }
        self.output
            .extend(mark.filter(|mark| hidden.len() > 1 && hidden.ends_with(*mark)));
        if self.start.is_none() && self.span.start < range.end {
            self.start = Some(at.min(self.output.len() - HIDDEN.len_utf8()));
        }
        if self.end.is_none() && self.span.end <= range.end {
            self.end = Some(self.output.len());
        }
    }

    /// Adds what stands between keys and scalars. Says whether the line goes on: a comment is left out.
    fn between(&mut self, range: Range<usize>, words: &Vocabulary) -> bool {
        let mut at = range.start;
        while at < range.end {
            let rest = &self.text[at..range.end];
            let Some(c) = rest.chars().next() else { break };
            let length = c.len_utf8();
            if matches!(c, '#' | '/') && self.ends_before_comment() {
                self.comment(at..range.end);
                return false;
            }
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            // Such as the first parts of a TOML table's name that others share.
            let is_key =
                word > 0 && words.has(&rest[..word]) && is_followed_as_key(&self.text[at + word..]);
            if is_key {
                self.show(at..at + word);
                at += word;
            } else if c.is_whitespace() || is_structural(c) || matches!(c, '"' | '\'') {
                self.show(at..at + length);
                at += length;
            } else {
                let end = hidden_run(rest).max(length);
                self.hide(at..at + end);
                at += end;
            }
        }
        true
    }

    /// Whether a comment may begin where the line is now.
    fn ends_before_comment(&self) -> bool {
        self.output
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || is_structural(c))
    }

    /// Leaves a comment out, unless it is what is pointed at.
    fn comment(&mut self, range: Range<usize>) {
        if self.start.is_none() && self.span.start < range.end {
            self.hide(range);
        }
    }

    fn finish(self) -> Masked {
        let Self {
            mut output,
            start,
            end,
            ..
        } = self;
        let start = start.unwrap_or(output.len());
        let end = end.unwrap_or(output.len()).max(start);
        output.truncate(output.trim_end().len().max(end));
        Masked {
            text: output,
            span: start..end,
        }
    }
}
