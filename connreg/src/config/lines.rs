//! From offsets in a text to lines and columns, whichever a parser counts in.

use std::sync::Arc;

use super::tree::{Origin, Source, Span};

/// How many bytes lie between two known counts of characters.
const BLOCK: usize = 256;

/// The lines of one file, built once so that each place is found in a few steps.
pub(crate) struct Lines<'t> {
    text: &'t str,
    source: Arc<Source>,
    /// Bytes of the file before `text`: those of a byte order mark.
    offset: usize,
    /// Offset of each line's first byte.
    starts: Vec<usize>,
    /// Characters before each block of bytes.
    characters: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str, source: Arc<Source>, offset: usize) -> Self {
        let mut starts = vec![0];
        starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(at, byte)| ends_line(text.as_bytes(), *at, *byte))
                .map(|(at, _)| at + 1),
        );
        let mut characters = Vec::with_capacity(text.len() / BLOCK + 2);
        let mut count = 0;
        characters.push(0);
        for block in text.as_bytes().chunks(BLOCK) {
            count += first_bytes(block);
            characters.push(count);
        }
        Self {
            text,
            source,
            offset,
            starts,
            characters,
        }
    }

    /// The place of the bytes from `start` to `end`.
    pub(crate) fn origin(&self, start: usize, end: usize) -> Origin {
        Origin::new(Arc::clone(&self.source), Some(self.span(start, end)))
    }

    /// The place of the characters from `start` to `end`.
    pub(crate) fn origin_of_characters(&self, start: usize, end: usize) -> Origin {
        self.origin(self.byte(start), self.byte(end))
    }

    /// The lines of another text in place of this one.
    pub(crate) fn of<'o>(&self, text: &'o str) -> Lines<'o> {
        Lines::new(text, Arc::clone(&self.source), self.offset)
    }

    /// Bytes of the file before the text.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes `start..end` as they were written.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// What stands at a place of this file.
    pub(crate) fn origin_text(&self, origin: &Origin) -> &'t str {
        let Some(span) = origin.span else { return "" };
        self.slice(span.start - self.offset, span.end - self.offset)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        // Whoever reports one byte means the character that it belongs to.
        let start = self.text.floor_char_boundary(start);
        let end = self.text.ceil_char_boundary(end);
        let line = self.starts.partition_point(|at| *at <= start);
        let column = self.characters_before(start) - self.characters_before(self.starts[line - 1]);
        Span {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            start: start + self.offset,
            end: end.clamp(start, self.text.len()) + self.offset,
        }
    }

    fn characters_before(&self, byte: usize) -> usize {
        let block = byte / BLOCK;
        self.characters[block] + first_bytes(&self.text.as_bytes()[block * BLOCK..byte])
    }

    /// The offset of a character, counted from 0.
    pub(crate) fn byte(&self, character: usize) -> usize {
        let block = self.characters.partition_point(|count| *count <= character) - 1;
        let mut missing = character - self.characters[block];
        let start = block * BLOCK;
        for (at, byte) in self.text.as_bytes().iter().enumerate().skip(start) {
            if is_first(*byte) {
                if missing == 0 {
                    return at;
                }
                missing -= 1;
            }
        }
        self.text.len()
    }
}

/// A line feed ends a line, and so does a carriage return without one.
fn ends_line(text: &[u8], at: usize, byte: u8) -> bool {
    byte == b'\n' || (byte == b'\r' && text.get(at + 1) != Some(&b'\n'))
}

fn is_first(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn first_bytes(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| is_first(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_agree_with_counting() {
        let text = "a: ü\n".to_owned() + &"ß€x".repeat(400) + "\r\n\n🦀: 1";
        let lines = Lines::new(&text, Arc::new(Source::Code), 3);
        let (mut line, mut column) = (1, 1);
        for (character, (byte, c)) in text.char_indices().enumerate() {
            let span = lines.origin(byte, byte).span.expect("a span");
            assert_eq!(
                (span.line, span.column, span.start),
                (line, column, byte + 3)
            );
            assert_eq!(lines.byte(character), byte);
            (line, column) = if c == '\n' {
                (line + 1, 1)
            } else {
                (line, column + 1)
            };
        }
        assert_eq!(lines.byte(usize::MAX), text.len());
    }
}
