//! Mistakes between brackets.

use super::line::{Line, colon};
use super::look::Look;
use super::{Change, Diagnosis, no_value, nothing};

/// Brackets around a place.
pub(super) struct Open {
    pub(super) outermost: usize,
    pub(super) innermost: usize,
}

impl Look<'_> {
    /// The innermost `[` or `{` that is open at a place.
    pub(super) fn open_bracket(&self, at: usize) -> Option<Open> {
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
    pub(super) fn bracket(&self, open: &Open, number: usize, at: usize) -> Option<Diagnosis> {
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
}
