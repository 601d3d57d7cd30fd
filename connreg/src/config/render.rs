//! A report as a compiler prints it: each mistake with its line, and carets below what is wrong.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Origin as Place, Renderer, Snippet};

use super::quote::Quote;
use super::report::{Mistake, Report, Severity};
use super::tree::{Origin, Source};

/// How many mistakes are shown with their lines; the rest is counted.
pub(super) const MAX_SHOWN: usize = 100;

/// How many codes the last line names.
const CODES_NAMED: usize = 4;

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As text alone.
    #[default]
    Plain,
    /// With the colours of a terminal.
    Colour,
}

impl Report {
    /// Every mistake with its line, and a count at the end, for a screen of 120 columns. Empty if there is none.
    pub fn render(&self, style: Style) -> String {
        self.render_within(style, 120)
    }

    /// Like [`render`](Self::render), for a screen of `columns` columns: longer lines are cut.
    pub fn render_within(&self, style: Style, columns: usize) -> String {
        if self.mistakes().is_empty() {
            return String::new();
        }
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Colour => Renderer::styled(),
        }
        .term_width(columns);
        let mut output = String::new();
        for mistake in self.mistakes().iter().take(MAX_SHOWN) {
            push_without_marks(&mut output, &renderer.render(&[group(mistake)]));
            output.push_str("\n\n");
        }
        output.push_str(&renderer.render(&[self.summary()]));
        output.push('\n');
        output
    }

    /// `3 errors, 1 warning in 2 files`
    fn summary(&self) -> Group<'static> {
        let mut text = String::new();
        let counted = |count: usize, noun: &str, full: bool| {
            let (least, plural) = (
                if full { "at least " } else { "" },
                if count == 1 { "" } else { "s" },
            );
            format!("{least}{count} {noun}{plural}")
        };
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        if errors > 0 {
            text += &counted(errors, "error", self.is_full());
        }
        if warnings > 0 {
            text += if errors > 0 { ", " } else { "" };
            text += &counted(warnings, "warning", false);
        }
        let files: BTreeSet<_> = self
            .mistakes()
            .iter()
            .filter_map(|mistake| {
                mistake
                    .origin()
                    .filter(|origin| origin.span().is_some())?
                    .file()
            })
            .collect();
        if !files.is_empty() {
            let _ = write!(text, " in {}", counted(files.len(), "file", false));
        }
        let level = if errors > 0 {
            Level::ERROR
        } else {
            Level::WARNING
        };
        let mut group = Group::with_title(level.primary_title(text));
        if let Some(left) = self
            .mistakes()
            .len()
            .checked_sub(MAX_SHOWN)
            .filter(|left| *left > 0)
        {
            group = group.element(Level::NOTE.message(format!("{left} more are not shown here")));
        }
        let codes: BTreeSet<_> = self.mistakes().iter().map(Mistake::code).collect();
        let named: Vec<_> = codes
            .iter()
            .take(CODES_NAMED)
            .map(|code| code.as_str())
            .collect();
        let more = if codes.len() > CODES_NAMED {
            ", …"
        } else {
            ""
        };
        let note = match &named[..] {
            [code] => format!("`connreg explain-error {code}` tells more"),
            [first, ..] => format!(
                "`connreg explain-error {first}` tells more; the codes here are {}{more}",
                named.join(", ")
            ),
            [] => return group,
        };
        group.element(Level::NOTE.message(note))
    }
}

fn group(mistake: &Mistake) -> Group<'_> {
    let level = match mistake.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let title: Cow<'_, str> = match mistake.key() {
        "" => mistake.message().into(),
        key => format!("`{key}`: {}", mistake.message()).into(),
    };
    let mut group = Group::with_title(level.primary_title(title).id(mistake.code().as_str()));
    if let Some(origin) = mistake.origin() {
        group = group.element(place(origin));
        if let Some(quote) = &mistake.quote {
            group = group.element(snippet(quote, origin, AnnotationKind::Primary, None));
        }
    }
    if let Some(related) = &mistake.related {
        group = group.element(place(&related.origin));
        if let Some(quote) = &related.quote {
            let label = format!("{} here", related.label);
            group = group.element(snippet(
                quote,
                &related.origin,
                AnnotationKind::Context,
                Some(label),
            ));
        }
    }
    if let Some(via) = mistake.origin().and_then(Origin::via) {
        group = group.element(Level::NOTE.message(format!("the value comes from {via}")));
    }
    if let Some(help) = mistake.help_text() {
        group = group.element(Level::HELP.message(help));
    }
    group
}

/// The place itself, as it is in the file: the quoted line is masked, so that its columns are others.
fn place(origin: &Origin) -> Place<'static> {
    match (origin.file(), origin.span()) {
        (Some(file), Some(span)) => Place::path(file.display().to_string())
            .line(span.line as usize)
            .char_column(span.column as usize),
        _ if matches!(*origin.source, Source::Code) => Place::path("set in code"),
        _ => Place::path(origin.to_string()),
    }
}

/// Adds what was rendered, without the lines that only mark a snippet as one that has no path: its place is told
/// above it.
fn push_without_marks(output: &mut String, rendered: &str) {
    for (index, line) in rendered.lines().filter(|line| !is_mark(line)).enumerate() {
        if index > 0 {
            output.push('\n');
        }
        output.push_str(line);
    }
}

/// Whether `:::` is all that a line holds, its colours aside.
fn is_mark(line: &str) -> bool {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default();
    let coloured = parts.filter_map(|part| part.split_once('m').map(|(_, text)| text));
    let text: String = std::iter::once(first).chain(coloured).collect();
    text.trim() == ":::"
}

fn snippet<'q>(
    quote: &'q Quote,
    origin: &Origin,
    kind: AnnotationKind,
    label: Option<String>,
) -> Snippet<'q, annotate_snippets::Annotation<'q>> {
    let line = origin.span().map_or(1, |span| span.line as usize);
    Snippet::source(quote.text.as_str())
        .line_start(line)
        .annotation(kind.span(quote.span.clone()).label(label))
}
