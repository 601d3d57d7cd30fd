//! What of a broken YAML file can still be read: the text with the broken lines mended, so that whatever else is
//! wrong is found as well.
//!
//! A parser stops at the first mistake, often a line too late. Which line it means, and what that line was meant to
//! be, is found here by looking at lines as people do; where that is not clear, the file ends at the mistake.

use std::ops::Range;

use super::yaml_syntax;

/// How many mistakes are looked behind: each costs another reading.
const MAX_REPAIRS: usize = 8;

/// The largest file that is read more than once.
const MAX_BYTES: usize = 1024 * 1024;

/// A text with changes that a parser is given in place of it.
pub(super) struct Repaired<'t> {
    original: &'t str,
    /// In the order of places.
    changes: Vec<Change>,
    text: String,
    /// Where each unchanged piece begins in `text`, and in the original.
    pieces: Vec<(usize, usize)>,
    /// The lines, of the original, that mistakes were found in.
    lines: Vec<usize>,
}

/// One change: what stands at `range` is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    range: Range<usize>,
    with: &'static str,
    /// Spaces behind `with`.
    spaces: usize,
    /// What is put in stands for a value that could not be had.
    mistaken: bool,
}

/// What is wrong, where, what to do, and how to read on.
pub(super) struct Diagnosis {
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
    changes: Option<Vec<Change>>,
}

impl<'t> Repaired<'t> {
    pub(super) fn new(original: &'t str) -> Self {
        Self {
            original,
            changes: Vec::new(),
            text: String::new(),
            pieces: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The text to read.
    pub(super) fn text(&self) -> &str {
        if self.changes.is_empty() {
            self.original
        } else {
            &self.text
        }
    }

    /// Whether places need no translation.
    pub(super) fn is_original(&self) -> bool {
        self.changes.is_empty()
    }

    /// The place in the file of a place in [`text`](Self::text).
    pub(super) fn original_place(&self, at: usize) -> usize {
        let piece = self.pieces.partition_point(|(start, _)| *start <= at);
        let Some((start, original)) = piece
            .checked_sub(1)
            .and_then(|piece| self.pieces.get(piece))
        else {
            return at;
        };
        // What was put in stands where it was put.
        let end = self
            .pieces
            .get(piece)
            .map_or(self.original.len(), |(_, next)| *next);
        (original + (at - start)).min(end)
    }

    /// Whether the value that begins at a place of the file stands for one that could not be had.
    pub(super) fn is_mistaken(&self, at: usize) -> bool {
        self.changes
            .iter()
            .any(|change| change.mistaken && change.range.start == at)
    }

    /// What a parser's complaint about the byte at `at` of the text means. `None`: it only follows from a mistake
    /// that is reported already.
    pub(super) fn diagnose(&mut self, complaint: &str, at: usize) -> Option<Diagnosis> {
        let mut diagnosis = Look::new(self.text()).at(complaint, at);
        let at = self.original_place(diagnosis.at.start);
        let line = self.original[..at].matches('\n').count();
        // Each alias is a mistake of its own.
        if self.lines.contains(&line) && !complaint.contains(UNKNOWN_ANCHOR) {
            return None;
        }
        self.lines.push(line);
        let end = self.original_place(diagnosis.at.end);
        diagnosis.at = at..end.max(at);
        Some(diagnosis)
    }

    /// Changes the text so that reading goes on behind a mistake; whether it is worth another reading.
    pub(super) fn repair(&mut self, diagnosis: Diagnosis) -> bool {
        let Some(changes) = diagnosis.changes else {
            return false;
        };
        if self.lines.len() > MAX_REPAIRS || self.original.len() > MAX_BYTES {
            return false;
        }
        for mut change in changes {
            let Range { start, end } = change.range;
            change.range = self.original_place(start)..self.original_place(end);
            if change.range.start > change.range.end {
                return false;
            }
            self.changes.push(change);
        }
        self.changes
            .sort_by_key(|change| (change.range.start, change.range.end));
        let apart = |pair: &[Change]| pair[0].range.end <= pair[1].range.start;
        if !self.changes.windows(2).all(apart) {
            return false;
        }
        self.rebuild();
        true
    }

    fn rebuild(&mut self) {
        self.text.clear();
        self.pieces.clear();
        let mut at = 0;
        for change in &self.changes {
            self.pieces.push((self.text.len(), at));
            self.text.push_str(&self.original[at..change.range.start]);
            // The place of what is put in, even where nothing was taken out.
            self.pieces.push((self.text.len(), change.range.start));
            self.text.push_str(change.with);
            self.text.extend(std::iter::repeat_n(' ', change.spaces));
            at = change.range.end;
        }
        self.pieces.push((self.text.len(), at));
        self.text.push_str(&self.original[at..]);
    }
}

/// One line, without its end.
#[derive(Clone, Copy)]
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn indent(self) -> usize {
        self.text.len() - self.text.trim_start_matches([' ', '\t']).len()
    }

    fn content(self) -> &'t str {
        self.text.trim_matches([' ', '\t'])
    }

    /// The place of the content.
    fn begin(self) -> usize {
        self.start + self.indent()
    }

    fn end(self) -> usize {
        self.begin() + self.content().len()
    }

    fn is_blank(self) -> bool {
        self.content().is_empty() || self.content().starts_with('#')
    }

    /// The tabs before the content.
    fn tab(self) -> Option<usize> {
        let tab = self.text[..self.indent()].find('\t');
        tab.map(|tab| self.start + tab)
    }

    /// Where the item or key of this line has its value, if a value is in it.
    fn value(self) -> Option<usize> {
        let content = self.content();
        let mut at = 0;
        while let Some(rest) = content[at..].strip_prefix("- ") {
            at = content.len() - rest.trim_start().len();
        }
        let behind_dashes = at;
        if let Some(colon) = colon(&content[at..]) {
            let rest = &content[at + colon + 1..];
            at = content.len() - rest.trim_start().len();
        } else if behind_dashes == 0 {
            return None;
        }
        (at < content.len() && !content[at..].starts_with('#')).then(|| self.begin() + at)
    }
}

/// The colon behind a key, which white space or the end follows.
fn colon(text: &str) -> Option<usize> {
    let skip = match text.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => text[1..].find(char::from(*quote)).map_or(0, |at| at + 2),
        _ => 0,
    };
    let ends = |at: usize| {
        text[at + 1..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
    };
    let mut colons = text[skip..].match_indices(':').map(|(at, _)| at + skip);
    colons.find(|at| ends(*at))
}

/// Looks at a text line by line.
struct Look<'t> {
    text: &'t str,
    lines: Vec<Line<'t>>,
}

impl<'t> Look<'t> {
    fn new(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            lines.push(Line { start, text });
            start += line.len();
        }
        Self { text, lines }
    }

    fn at(&self, complaint: &str, at: usize) -> Diagnosis {
        let number = self
            .lines
            .partition_point(|line| line.start <= at)
            .saturating_sub(1);
        let plain = || {
            let (message, help) = yaml_syntax::explain(complaint);
            let end = at
                + self
                    .text
                    .get(at..)
                    .and_then(|t| t.chars().next())
                    .map_or(0, char::len_utf8);
            Diagnosis {
                at: at..end,
                message,
                help,
                changes: None,
            }
        };
        let Some(line) = self.lines.get(number).copied() else {
            return plain();
        };
        if let Some(tab) = self.tabs(complaint, number) {
            return tab;
        }
        if let Some(tab) = self.tab_behind_colon(complaint, number) {
            return tab;
        }
        if let Some(blank) = self.foreign_blank(number) {
            return blank;
        }
        if let Some(toml) = self.looks_like_toml() {
            return toml;
        }
        if complaint.contains(UNKNOWN_ANCHOR) {
            return self.alias(at, plain());
        }
        if complaint.contains("unknown escape")
            && self.open_bracket(at).is_some()
            && let Some(quoted) = self.quoted(at, plain())
        {
            return quoted;
        }
        let found = if let Some(open) = self.open_bracket(at) {
            self.bracket(&open, number, at)
        } else if complaint.contains("mapping values are not allowed") {
            let first = colon(line.content()).map(|colon| line.begin() + colon);
            if first.is_some_and(|first| first < at) {
                self.value_of(line, plain())
            } else {
                self.line_above(number)
            }
        } else if complaint.contains("simple key expect") {
            // At the end of the file it is the last line that has no `:`.
            let ended = at >= self.text.trim_end().len();
            self.line_above(if ended { self.lines.len() } else { number })
        } else if complaint.contains("expected key") {
            self.indentation(number)
        } else if complaint.contains("unknown escape") {
            let mut diagnosis = plain();
            if let Some(escape) = self.escape(at) {
                diagnosis.at = escape..escape + 1;
            }
            self.value_of(line, diagnosis)
        } else if line.value().is_some_and(|value| value <= at) {
            self.value_of(line, plain())
        } else {
            None
        };
        found.unwrap_or_else(plain)
    }

    /// Tabs in the indentation. They are all one mistake: whoever uses them uses them throughout.
    fn tabs(&self, complaint: &str, number: usize) -> Option<Diagnosis> {
        let mut near = self.lines.iter().enumerate().skip(number).take(2);
        let (number, tab) = near.find_map(|(number, line)| Some((number, line.tab()?)))?;
        let is_it = complaint.contains("tab") || complaint.contains("expected key");
        if !is_it {
            return None;
        }
        let (message, help) = yaml_syntax::explain("tab");
        // The first such line belongs to the one above; those that follow are indented like it, or by their tabs.
        let above = self.above(number).map(|above| self.lines[above]);
        let width = self.tab_width();
        let opens = |line: Line<'_>| line.content().ends_with(':');
        let base = above.map_or(0, |above| {
            above.indent() + usize::from(opens(above)) * width
        });
        let tabs = |line: &Line<'_>| line.text[..line.indent()].matches('\t').count();
        let first = tabs(&self.lines[number]);
        let changes = self.lines[number..]
            .iter()
            .filter(|line| line.tab().is_some());
        let changes = changes.map(|line| {
            let spaces = base + width * tabs(line).saturating_sub(first);
            let less = width * first.saturating_sub(tabs(line));
            Change {
                range: line.start..line.begin(),
                with: "",
                spaces: spaces.saturating_sub(less),
                mistaken: false,
            }
        });
        Some(Diagnosis {
            at: tab..tab + 1,
            message,
            help,
            changes: Some(changes.collect()),
        })
    }

    /// Blanks in the indentation that are no spaces, as copies of web pages have them; like tabs, one mistake.
    fn foreign_blank(&self, number: usize) -> Option<Diagnosis> {
        let blanks = |line: &Line<'_>| {
            let content = line.content();
            let rest = content.trim_start();
            let blanks = &content[..content.len() - rest.len()];
            let range = line.begin()..line.begin() + blanks.len();
            (!range.is_empty()).then(|| (range, blanks.chars().count()))
        };
        let (at, _) = blanks(&self.lines[number])?;
        let changes = self.lines[number..].iter().filter_map(blanks);
        let changes = changes.map(|(range, count)| Change {
            range,
            with: "",
            spaces: count,
            mistaken: false,
        });
        let (message, help) = yaml_syntax::explain("no-break space");
        Some(Diagnosis {
            at,
            message,
            help,
            changes: Some(changes.collect()),
        })
    }

    /// A tab between a key and its value.
    fn tab_behind_colon(&self, complaint: &str, number: usize) -> Option<Diagnosis> {
        if !complaint.contains("valid YAML whitespace") {
            return None;
        }
        let line = self.lines[number];
        let at = line.start + line.text.find(":\t")? + 1;
        let (message, help) = yaml_syntax::explain("tab");
        let space = Change {
            range: at..at + 1,
            with: " ",
            spaces: 0,
            mistaken: false,
        };
        Some(Diagnosis {
            at: at..at + 1,
            message,
            help,
            changes: Some(vec![space]),
        })
    }

    /// How many spaces a tab was meant to be: as many as one level has where spaces are used.
    fn tab_width(&self) -> usize {
        let spaces = self
            .lines
            .iter()
            .filter(|line| !line.is_blank() && line.tab().is_none());
        let widths = spaces
            .map(|line| line.indent())
            .filter(|indent| *indent > 0);
        widths.min().unwrap_or(2)
    }

    fn looks_like_toml(&self) -> Option<Diagnosis> {
        let first = self.lines.iter().find(|line| !line.is_blank())?;
        let name = first.content().strip_prefix('[')?.strip_suffix(']')?;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
        let next = self.lines.iter().filter(|line| !line.is_blank()).nth(1)?;
        (name.chars().all(is_name) && next.content().contains('=')).then(|| Diagnosis {
            at: first.begin()..first.end(),
            message: "this looks like TOML".to_owned(),
            help: "let the file's name end in .toml",
            changes: None,
        })
    }

    /// The value of a line can't be had; its key can.
    fn value_of(&self, line: Line<'_>, mut diagnosis: Diagnosis) -> Option<Diagnosis> {
        let value = line.value()?;
        let below = self.lines.iter().filter(|below| below.start > line.start);
        // What is indented deeper belongs to the value.
        let belongs = |below: &&Line<'_>| below.is_blank() || below.indent() > line.indent();
        let below = below.take_while(belongs);
        let below = below.map(|below| nothing(below.start..below.start + below.text.len()));
        diagnosis.changes = Some(
            std::iter::once(no_value(value..line.end()))
                .chain(below)
                .collect(),
        );
        Some(diagnosis)
    }

    /// The last line before a line that says anything.
    fn above(&self, number: usize) -> Option<usize> {
        (0..number)
            .rev()
            .find(|above| !self.lines[*above].is_blank())
    }

    /// A key was not expected because of the line above it, unless its own indentation is to blame.
    fn line_above(&self, number: usize) -> Option<Diagnosis> {
        const WRITE: &str = "write `key: value`";
        let above = self.lines[self.above(number)?];
        let content = above.content();
        if content.starts_with(['"', '\'', '[', '{', '|', '>', '&', '*', '!', '?']) {
            return None;
        }
        let key_start = above.begin() + content.len() - content.trim_start_matches("- ").len();
        let key = &self.text[key_start..above.end()];
        if colon(key).is_some() {
            return self.too_deep(number, above.indent());
        }
        let place = |at: usize, message: &str, help, changes: Vec<Change>| Diagnosis {
            at: at..at + 1,
            message: message.to_owned(),
            help,
            changes: Some(changes),
        };
        let colon = |range| Change {
            range,
            with: ": ",
            spaces: 0,
            mistaken: false,
        };
        if let Some(at) = key.find(':') {
            let at = key_start + at;
            let message = "a space is missing behind `:`";
            return Some(place(at, message, WRITE, vec![colon(at..at + 1)]));
        }
        let word = key.find([' ', '\t', '=']).unwrap_or(key.len());
        let rest = key[word..].trim_start();
        let end = key_start + word;
        if rest.starts_with('=') {
            let at = above.end() - rest.len();
            let message = "`:` was expected here, not `=`";
            return Some(place(at, message, WRITE, vec![colon(at..at + 1)]));
        }
        let message = "a key has no `:` behind it";
        let help = "write `key: value`, or indent what belongs to the value above";
        let mut changes = vec![colon(end..end)];
        let has_value = !rest.is_empty() && !rest.starts_with('#');
        let next = self.lines.get(number);
        if has_value || next.is_none_or(|next| next.indent() <= above.indent()) {
            // The word may be a piece of a text as well, so that it is not taken for a key.
            let nobody = Change {
                range: key_start..above.end(),
                with: NOBODY,
                spaces: 0,
                mistaken: false,
            };
            changes = vec![nobody, no_value(above.end()..above.end())];
        }
        Some(place(end, message, help, changes))
    }

    /// A line is indented below one that has a value already.
    fn too_deep(&self, number: usize, indent: usize) -> Option<Diagnosis> {
        let line = *self.lines.get(number)?;
        let more = line.indent().checked_sub(indent).filter(|more| *more > 0)?;
        let mut changes = Vec::new();
        for below in &self.lines[number..] {
            if !below.is_blank() && below.indent() < line.indent() {
                break;
            }
            if below.indent() >= more {
                changes.push(nothing(below.start..below.start + more));
            }
        }
        Some(Diagnosis {
            at: line.begin()..line.end(),
            message: "this line is indented deeper than the one above, which has a value"
                .to_owned(),
            help: "indent the keys of one table alike",
            changes: Some(changes),
        })
    }

    /// A line's indentation is that of none above it.
    fn indentation(&self, number: usize) -> Option<Diagnosis> {
        let line = self.lines[number];
        if line.is_blank() {
            return None;
        }
        let above = self.lines[self.above(number)?];
        let (message, help) = yaml_syntax::explain("expected key");
        let at = line.begin()..line.end();
        if line.content().starts_with("- ") && above.indent() == line.indent() {
            return Some(Diagnosis {
                at,
                message: "an item of a list stands where a key was expected".to_owned(),
                help: "indent it below its key, and leave no value behind the `:` of that",
                changes: None,
            });
        }
        // The indentations that are open here.
        let mut open: Vec<usize> = Vec::new();
        for line in self.lines[..number].iter().filter(|line| !line.is_blank()) {
            open.retain(|indent| *indent < line.indent());
            open.push(line.indent());
        }
        let indent = line.indent();
        let meant = open
            .into_iter()
            .rev()
            .min_by_key(|open| open.abs_diff(indent))?;
        let mut changes = Vec::new();
        for (offset, below) in self.lines[number..].iter().enumerate() {
            if offset > 0 && !below.is_blank() && below.indent() <= indent {
                break;
            }
            let start = below.start;
            changes.push(if meant > indent {
                Change {
                    range: start..start,
                    with: "",
                    spaces: meant - indent,
                    mistaken: false,
                }
            } else {
                nothing(start..start + (indent - meant).min(below.indent()))
            });
        }
        Some(Diagnosis {
            at,
            message,
            help,
            changes: Some(changes),
        })
    }

    /// The innermost `[` or `{` that is open at a place.
    fn open_bracket(&self, at: usize) -> Option<Open> {
        let mut open: Vec<usize> = Vec::new();
        for line in &self.lines {
            if line.start > at {
                break;
            }
            let mut place = if open.is_empty() {
                match line.value().or_else(|| Some(line.begin())) {
                    Some(value) if self.text[value..].starts_with(['[', '{']) => value,
                    _ => continue,
                }
            } else {
                line.start
            };
            let bytes = self.text.as_bytes();
            let end = (line.start + line.text.len()).min(at);
            let mut before = b' ';
            while place < end {
                let byte = bytes[place];
                match byte {
                    b'"' | b'\'' if matches!(before, b' ' | b'[' | b'{' | b',' | b':') => {
                        let rest = &self.text[place + 1..end];
                        place += rest.find(char::from(byte)).map_or(rest.len(), |at| at + 1);
                    }
                    b'#' if before == b' ' => break,
                    b'[' | b'{' => open.push(place),
                    b']' | b'}' => {
                        open.pop();
                        if open.is_empty() {
                            break;
                        }
                    }
                    _ => {}
                }
                before = byte;
                place += 1;
            }
        }
        let outermost = *open.first()?;
        Some(Open {
            outermost,
            innermost: *open.last()?,
        })
    }

    /// A mistake between brackets.
    fn bracket(&self, open: &Open, number: usize, at: usize) -> Option<Diagnosis> {
        let line_of = |at: usize| self.lines.partition_point(|line| line.start <= at) - 1;
        let first = line_of(open.outermost);
        let opening = self.lines[first];
        let line = self.lines[number];
        let ends = at >= self.text.trim_end().len();
        let is_key = colon(line.content()).is_some() && line.indent() <= opening.indent();
        let value = |end: usize| Some(vec![no_value(open.outermost..end)]);
        if ends || number > first && is_key {
            let bracket = &self.text[open.innermost..=open.innermost];
            let last = if ends { self.lines.len() } else { number };
            // What is indented deeper belongs to the brackets.
            let belongs = |line: &&Line<'_>| line.is_blank() || line.indent() > opening.indent();
            let lines = self.lines[first + 1..last].iter().take_while(belongs);
            let mut changes = value(opening.end())?;
            changes.extend(lines.map(|line| nothing(line.start..line.start + line.text.len())));
            return Some(Diagnosis {
                at: open.innermost..open.innermost + 1,
                message: format!("this `{bracket}` is not closed"),
                help: if bracket == "[" {
                    "write `]` behind what belongs to it"
                } else {
                    "write `}` behind what belongs to it"
                },
                changes: Some(changes),
            });
        }
        let closing = self.text[at..].chars().next();
        let opened = self.text[open.innermost..].chars().next();
        let wrong = matches!(
            (opened, closing),
            (Some('['), Some('}')) | (Some('{'), Some(']'))
        );
        let (message, help) = match (wrong, opened) {
            (true, Some('[')) => (
                "`]` was expected here, not `}`".to_owned(),
                "close `[` by `]`",
            ),
            (true, _) => (
                "`}` was expected here, not `]`".to_owned(),
                "close `{` by `}`",
            ),
            (false, _) if closing == Some(',') => (
                "a comma without a value before it".to_owned(),
                "leave it out",
            ),
            (false, _) => (
                "a comma is missing before this".to_owned(),
                "separate values by commas, and put a value that holds `: ` into quotes",
            ),
        };
        let begins_value = closing.is_some_and(|c| c.is_alphanumeric() || "\"'[{_".contains(c));
        let changes = if number == first {
            value(line.end())
        } else if !wrong && begins_value {
            Some(vec![Change {
                range: at..at,
                with: ",",
                spaces: 1,
                mistaken: false,
            }])
        } else {
            None
        };
        Some(Diagnosis {
            at: at..at + 1,
            message,
            help,
            changes,
        })
    }

    /// An alias without an anchor: its value can't be had.
    fn alias(&self, at: usize, mut diagnosis: Diagnosis) -> Diagnosis {
        let alias = &self.text[at..];
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}');
        let end = at + alias.find(ends).unwrap_or(alias.len());
        if alias.starts_with('*') {
            diagnosis.at = at..end;
            diagnosis.changes = Some(vec![no_value(at..end)]);
        }
        diagnosis
    }

    /// A wrong escape in a text between brackets that begins at `at`: the text can't be had.
    fn quoted(&self, at: usize, mut diagnosis: Diagnosis) -> Option<Diagnosis> {
        let escape = self.escape(at)?;
        let mut escaped = false;
        let end = self.text[at..].char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let end = at + end?.0 + 1;
        diagnosis.at = escape..escape + 1;
        diagnosis.changes = Some(vec![no_value(at..end)]);
        Some(diagnosis)
    }

    /// The backslash of an escape that YAML does not know, in the quotes that begin at `at`.
    fn escape(&self, at: usize) -> Option<usize> {
        const KNOWN: &str = "0abt\tnvfre \"/\\N_LPxuU\n\r";
        let mut place = at + 1;
        loop {
            place += self.text.get(place..)?.find('\\')?;
            let next = self.text[place + 1..].chars().next()?;
            if !KNOWN.contains(next) {
                return Some(place);
            }
            place += 2;
        }
    }
}

/// What the parser says of an alias without an anchor.
const UNKNOWN_ANCHOR: &str = "unknown anchor";

/// What is put in where a key is not to be known.
const NOBODY: &str = "x-: ";

/// Brackets around a place.
struct Open {
    outermost: usize,
    innermost: usize,
}

fn no_value(range: Range<usize>) -> Change {
    Change {
        range,
        with: "~",
        spaces: 0,
        mistaken: true,
    }
}

fn nothing(range: Range<usize>) -> Change {
    Change {
        range,
        with: "",
        spaces: 0,
        mistaken: false,
    }
}
