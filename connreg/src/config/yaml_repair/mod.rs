//! What of a broken YAML file can still be read: the text with the broken lines mended, so that whatever else is
//! wrong is found as well.
//!
//! A parser stops at the first mistake, often a line too late. Which line it means, and what that line was meant to
//! be, is found here by looking at lines as people do; where that is not clear, the file ends at the mistake.

mod brackets;
mod indentation;
mod line;
mod look;

use std::ops::Range;

use self::look::Look;

/// How many mistakes are looked behind: each costs another reading.
const MAX_REPAIRS: usize = 8;

/// The largest file that is read more than once.
const MAX_BYTES: usize = 1024 * 1024;

/// What the parser says of an alias without an anchor.
const UNKNOWN_ANCHOR: &str = "unknown anchor";

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
