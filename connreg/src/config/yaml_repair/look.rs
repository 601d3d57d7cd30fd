//! What a parser's complaint means, found by looking at the lines around it.

use super::super::yaml_syntax;
use super::line::{Line, colon};
use super::{Diagnosis, UNKNOWN_ANCHOR, no_value, nothing};

/// Looks at a text line by line.
pub(super) struct Look<'t> {
    pub(super) text: &'t str,
    pub(super) lines: Vec<Line<'t>>,
}

impl<'t> Look<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            lines.push(Line { start, text });
            start += line.len();
        }
        Self { text, lines }
    }

    pub(super) fn at(&self, complaint: &str, at: usize) -> Diagnosis {
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

    pub(super) fn looks_like_toml(&self) -> Option<Diagnosis> {
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
    pub(super) fn value_of(&self, line: Line<'_>, mut diagnosis: Diagnosis) -> Option<Diagnosis> {
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
    pub(super) fn above(&self, number: usize) -> Option<usize> {
        (0..number)
            .rev()
            .find(|above| !self.lines[*above].is_blank())
    }

    /// An alias without an anchor: its value can't be had.
    pub(super) fn alias(&self, at: usize, mut diagnosis: Diagnosis) -> Diagnosis {
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
    pub(super) fn quoted(&self, at: usize, mut diagnosis: Diagnosis) -> Option<Diagnosis> {
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
    pub(super) fn escape(&self, at: usize) -> Option<usize> {
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
