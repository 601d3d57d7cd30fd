//! The lines that a report quotes: cut from the files while they are at hand, masked at once.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::mask::{Structure, Vocabulary, broken, structured};
use super::tree::{Node, Origin, Source};

/// How many bytes of a line are quoted before and behind the place that is pointed at.
const AROUND: Range<usize> = 120..240;

/// One masked line, and the bytes of it that are pointed at.
#[derive(Clone, Debug)]
pub(crate) struct Quote {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

/// The texts of one load's files. They may hold secrets, so that they don't outlive the load.
#[derive(Clone, Default)]
pub(crate) struct Sources {
    files: Vec<File>,
}

#[derive(Clone)]
struct File {
    source: Arc<Source>,
    text: String,
    /// Bytes of the file before `text`: those of a byte order mark.
    offset: usize,
    /// `None`: the file could not be parsed.
    structure: Option<Structure>,
}

impl Sources {
    /// Keeps the text of `source`, from which `root` was read, if it could be.
    pub(crate) fn keep(
        &mut self,
        source: &Arc<Source>,
        text: &str,
        offset: usize,
        root: Option<&Node>,
    ) {
        self.files.push(File {
            source: Arc::clone(source),
            text: text.to_owned(),
            offset,
            structure: root.map(|root| Structure::of(root, text, offset)),
        });
    }

    /// Forgets what was taken for the structure of these files: their syntax is broken.
    pub(super) fn distrust(&mut self, broken: &[Arc<Source>]) {
        for file in &mut self.files {
            if broken.contains(&file.source) {
                file.structure = None;
            }
        }
    }

    /// The line at `origin`; `told`: the value there may be shown.
    pub(super) fn quote(&self, origin: &Origin, told: bool, words: &Vocabulary) -> Option<Quote> {
        let span = origin.span?;
        let file = self
            .files
            .iter()
            .find(|file| Arc::ptr_eq(&file.source, &origin.source))?;
        let text = file.text.as_str();
        let start = span.start.checked_sub(file.offset)?.min(text.len());
        let end = span
            .end
            .saturating_sub(file.offset)
            .clamp(start, text.len());
        let (window, cut) = window(text, start);
        let mut masked = match &file.structure {
            Some(structure) => structured(text, structure, words, window, start..end, told),
            None => broken(text, words, window, start..end),
        };
        if masked.text.trim().is_empty() {
            return None;
        }
        if cut.0 {
            const CUT: &str = "… ";
            masked.text.insert_str(0, CUT);
            masked.span = masked.span.start + CUT.len()..masked.span.end + CUT.len();
        }
        if cut.1 {
            masked.text.push_str(" …");
        }
        Some(Quote {
            text: masked.text,
            span: masked.span,
        })
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files", self.files.len())
    }
}

/// The part of the line around the byte `at` that is quoted, and on which sides more of the line follows. Looks no
/// further, as a line may be as long as the file.
fn window(text: &str, at: usize) -> (Range<usize>, (bool, bool)) {
    let at = text.floor_char_boundary(at);
    let low = text.floor_char_boundary(at.saturating_sub(AROUND.start));
    let high = text.ceil_char_boundary(at + AROUND.end);
    let start = match text[low..at].rfind('\n') {
        Some(line) => low + line + 1,
        None => low,
    };
    let end = match text[at..high].find('\n') {
        Some(line) => at + line,
        None => high,
    };
    let line = &text[start..end];
    let cut_left = start > 0 && start == low && !text[..start].ends_with('\n');
    let cut_right = end == high && high < text.len() && !text[high..].starts_with('\n');
    let end = start + line.strip_suffix('\r').unwrap_or(line).len();
    (start..end.max(at.min(end)), (cut_left, cut_right))
}
