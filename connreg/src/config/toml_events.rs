//! The events of a TOML parser, with the places of the file.

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::ScalarKind;
use toml_parser::parser::{Event, EventKind};
use toml_parser::{ParseError, Raw, Source};

use super::toml_levels::Key;

/// The events of one statement, in turn.
pub(super) struct Events<'e, 't> {
    pub(super) source: Source<'t>,
    /// Where the statement begins in the file.
    pub(super) offset: usize,
    pub(super) rest: &'e [Event],
    pub(super) errors: Vec<ParseError>,
    /// Where what was read last ends.
    pub(super) end: usize,
}

impl<'t> Events<'_, 't> {
    pub(super) fn kind(&self) -> Option<EventKind> {
        self.rest.first().map(Event::kind)
    }

    pub(super) fn next(&mut self) -> Option<Event> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.end = self.span(*first).end;
        Some(*first)
    }

    pub(super) fn span(&self, event: Event) -> Range<usize> {
        self.offset + event.span().start()..self.offset + event.span().end()
    }

    pub(super) fn raw(&self, event: Event) -> Raw<'t> {
        let raw = self.source.get(event);
        raw.unwrap_or_else(|| Raw::new_unchecked("", event.encoding(), event.span()))
    }

    pub(super) fn decode(&mut self, event: Event) -> (Cow<'t, str>, ScalarKind) {
        let mut text = Cow::Borrowed("");
        let kind = self.raw(event).decode_scalar(&mut text, &mut self.errors);
        (text, kind)
    }

    /// The keys here, with dots between them.
    pub(super) fn keys(&mut self) -> Vec<Key> {
        let mut keys = Vec::new();
        while let Some(kind @ (EventKind::SimpleKey | EventKind::KeySep)) = self.kind() {
            let Some(event) = self.next() else { break };
            if kind == EventKind::SimpleKey {
                let mut text = Cow::Borrowed("");
                self.raw(event).decode_key(&mut text, &mut self.errors);
                // With `:` in place of `=`, which is told, the key ends there.
                let end = text.find(':').filter(|_| event.encoding().is_none());
                let mut span = self.span(event);
                span.end = end.map_or(span.end, |end| span.start + end);
                keys.push(Key {
                    text: text[..end.unwrap_or(text.len())].to_owned(),
                    span,
                });
            }
        }
        keys
    }
}
