//! One line of a text, as people look at it.

/// One line, without its end.
#[derive(Clone, Copy)]
pub(super) struct Line<'t> {
    pub(super) start: usize,
    pub(super) text: &'t str,
}

impl<'t> Line<'t> {
    pub(super) fn indent(self) -> usize {
        self.text.len() - self.text.trim_start_matches([' ', '\t']).len()
    }

    pub(super) fn content(self) -> &'t str {
        self.text.trim_matches([' ', '\t'])
    }

    /// The place of the content.
    pub(super) fn begin(self) -> usize {
        self.start + self.indent()
    }

    pub(super) fn end(self) -> usize {
        self.begin() + self.content().len()
    }

    pub(super) fn is_blank(self) -> bool {
        self.content().is_empty() || self.content().starts_with('#')
    }

    /// The tabs before the content.
    pub(super) fn tab(self) -> Option<usize> {
        let tab = self.text[..self.indent()].find('\t');
        tab.map(|tab| self.start + tab)
    }

    /// Where the item or key of this line has its value, if a value is in it.
    pub(super) fn value(self) -> Option<usize> {
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
pub(super) fn colon(text: &str) -> Option<usize> {
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
