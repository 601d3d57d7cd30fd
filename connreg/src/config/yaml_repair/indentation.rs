//! Mistakes of indentation: tabs, blanks that look like spaces, lines that stand too deep or not deep enough.

use super::super::yaml_syntax;
use super::line::{Line, colon};
use super::look::Look;
use super::{Change, Diagnosis, no_value, nothing};

/// What is put in where a key is not to be known.
const NOBODY: &str = "x-: ";

impl Look<'_> {
    /// Tabs in the indentation. They are all one mistake: whoever uses them uses them throughout.
    pub(super) fn tabs(&self, complaint: &str, number: usize) -> Option<Diagnosis> {
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
    pub(super) fn foreign_blank(&self, number: usize) -> Option<Diagnosis> {
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
    pub(super) fn tab_behind_colon(&self, complaint: &str, number: usize) -> Option<Diagnosis> {
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
    pub(super) fn tab_width(&self) -> usize {
        let spaces = self
            .lines
            .iter()
            .filter(|line| !line.is_blank() && line.tab().is_none());
        let widths = spaces
            .map(|line| line.indent())
            .filter(|indent| *indent > 0);
        widths.min().unwrap_or(2)
    }

    /// A key was not expected because of the line above it, unless its own indentation is to blame.
    pub(super) fn line_above(&self, number: usize) -> Option<Diagnosis> {
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
    pub(super) fn too_deep(&self, number: usize, indent: usize) -> Option<Diagnosis> {
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
    pub(super) fn indentation(&self, number: usize) -> Option<Diagnosis> {
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
}
