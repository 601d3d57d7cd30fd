//! The mistakes of a load, collected and told all at once.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::code::Code;
use super::mask::Vocabulary;
use super::quote::{Quote, Sources};
use super::redact;
use super::render::{MAX_SHOWN, Style};
use super::tree::{Origin, Source};
use crate::registry::Registry;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration is usable.
    Warning,
    /// The configuration is refused.
    Error,
}

/// One thing that is wrong in the configuration: what, where and what to do.
///
/// Holds no value of a secret setting.
#[derive(Clone, Debug)]
pub struct Mistake {
    pub(crate) severity: Severity,
    pub(crate) code: Code,
    pub(crate) key: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) origin: Option<Origin>,
    /// Whether the message quotes the value, so that the report may show it too.
    pub(crate) told: bool,
    pub(crate) related: Option<Box<Related>>,
    /// The line at `origin`.
    pub(crate) quote: Option<Quote>,
}

/// Another place that a mistake is about.
#[derive(Clone, Debug)]
pub(crate) struct Related {
    pub(crate) origin: Origin,
    /// What is there, to be followed by `at …` or `here`: `the first one is`.
    pub(crate) label: &'static str,
    pub(crate) quote: Option<Quote>,
}

impl Mistake {
    pub(crate) fn error(code: Code, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            key: match key.into() {
                key if redact::is_plain(&key) => key,
                key => redact::key(&key).into_owned(),
            },
            message: message.into(),
            help: None,
            origin: None,
            told: false,
            related: None,
            quote: None,
        }
    }

    pub(crate) fn warning(code: Code, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, key, message)
        }
    }

    pub(crate) fn at(mut self, origin: &Origin) -> Self {
        self.origin = Some(origin.clone());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place; `label` is what is there: `the first one is`.
    pub(crate) fn related(mut self, origin: &Origin, label: &'static str) -> Self {
        self.related = Some(Box::new(Related {
            origin: origin.clone(),
            label,
            quote: None,
        }));
        self
    }

    /// Says whether the value may be shown, as the message quotes it anyway.
    pub(crate) fn told(mut self, told: bool) -> Self {
        self.told = told;
        self
    }

    /// The other place and what to do, in one line.
    pub(crate) fn advice(&self) -> Option<String> {
        let place = self
            .related
            .as_ref()
            .map(|related| format!("{} at {}", related.label, related.origin));
        let parts: Vec<String> = place.into_iter().chain(self.help.clone()).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What kind of mistake it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The key's path, dotted, as it was written: `db.postgres.port`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Where it was written.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }
}

impl fmt::Display for Mistake {
    /// In one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]: ", self.code)?;
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if let Some(via) = self.origin.as_ref().and_then(Origin::via) {
            write!(f, " (from {via})")?;
        }
        if let Some(advice) = self.advice() {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

/// Every mistake and warning of one load, in the order of files and lines.
#[derive(Clone, Debug, Default)]
pub struct Report {
    mistakes: Vec<Mistake>,
    errors: usize,
    warnings: usize,
    /// The files' texts, until [`finish`](Self::finish).
    pub(crate) sources: Sources,
    /// Whether values that could not be had are let pass.
    allows_unresolved: bool,
    connections: usize,
    files: usize,
}

/// How many errors, and how many warnings, are kept: a large file that is all wrong must not exhaust memory.
const MAX_FINDINGS: usize = 5_000;

impl Report {
    /// Lets pass from now on that a variable, a file or a provider does not give a value.
    pub(crate) fn allow_unresolved(&mut self) {
        self.allows_unresolved = true;
    }

    /// Whether values that could not be had are let pass.
    pub(crate) fn allows_unresolved(&self) -> bool {
        self.allows_unresolved
    }

    /// Counts a file that was read.
    pub(crate) fn count_file(&mut self) {
        self.files += 1;
    }

    /// Says how many connections there are.
    pub(crate) fn count_connections(&mut self, connections: usize) {
        self.connections = connections;
    }

    /// How many files were read.
    pub fn files(&self) -> usize {
        self.files
    }

    /// How many connections are configured, disabled and mistaken ones too.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// How many errors are kept.
    pub(crate) fn error_count(&self) -> usize {
        self.errors
    }

    pub(crate) fn push(&mut self, mistake: Mistake) {
        if self.allows_unresolved && mistake.code.is_unresolved() {
            return;
        }
        let count = match mistake.severity {
            Severity::Warning => &mut self.warnings,
            Severity::Error => &mut self.errors,
        };
        if *count < MAX_FINDINGS {
            *count += 1;
            self.mistakes.push(mistake);
        }
    }

    /// Adds the findings of another report.
    pub(crate) fn append(&mut self, other: Self) {
        for mistake in other.mistakes {
            self.push(mistake);
        }
    }

    /// Whether no more errors are kept, so that looking for more is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= MAX_FINDINGS
    }

    /// Ends a load: puts the findings into order, quotes the lines that they are about, and forgets the files.
    pub(crate) fn finish(&mut self, registry: &Registry) {
        self.sort();
        let mut sources = std::mem::take(&mut self.sources);
        if self.mistakes.is_empty() {
            return;
        }
        let words = Vocabulary::of(registry);
        sources.distrust(&self.keep_back_doubtful_keys(&words));
        for mistake in self.mistakes.iter_mut().take(MAX_SHOWN) {
            if let Some(origin) = &mistake.origin {
                mistake.quote = sources.quote(origin, mistake.told, &words);
            }
            if let Some(related) = &mut mistake.related {
                related.quote = sources.quote(&related.origin, false, &words);
            }
        }
    }

    /// In a file whose syntax is broken, what was read as a key may be a part of a secret: unless it is a known name,
    /// or near to one, it is not told. Gives these files.
    fn keep_back_doubtful_keys(&mut self, words: &Vocabulary) -> Vec<Arc<Source>> {
        let mut broken: Vec<Arc<Source>> = Vec::new();
        for mistake in &self.mistakes {
            if let (Code::InvalidYaml | Code::InvalidToml | Code::InvalidJson, Some(origin)) =
                (mistake.code, &mistake.origin)
                && !broken.contains(&origin.source)
            {
                broken.push(Arc::clone(&origin.source));
            }
        }
        let is_broken = |origin: &Option<Origin>| {
            origin
                .as_ref()
                .is_some_and(|origin| broken.contains(&origin.source))
        };
        for mistake in &mut self.mistakes {
            let names_a_key = matches!(
                mistake.code,
                Code::UnknownKey
                    | Code::DuplicateKey
                    | Code::ForeignKey
                    | Code::ForeignKeyIgnored
                    | Code::NoType
                    | Code::UnknownType
                    | Code::ConfiguredTwice
            );
            let is_near = || {
                let help = mistake.help.as_deref();
                help.is_some_and(|help| help.starts_with("did you mean"))
            };
            if names_a_key && is_broken(&mistake.origin) && !is_near() {
                let start = mistake.key.rfind('.').map_or(0, |at| at + 1);
                let name = mistake.key.split_off(start);
                if words.has(&name) {
                    mistake.key.push_str(&name);
                } else {
                    mistake.key.push('…');
                    mistake.told = false;
                    if mistake.message.contains(&name) {
                        mistake.code.title().clone_into(&mut mistake.message);
                    }
                }
            }
        }
        broken
    }

    /// Puts findings into the order of files, lines and columns; those from elsewhere come last.
    fn sort(&mut self) {
        let place = |mistake: &Mistake| {
            let origin = mistake.origin.as_ref();
            let file = origin.and_then(Origin::file).map(Path::to_owned);
            let span = origin
                .and_then(Origin::span)
                .map(|span| (span.line, span.column));
            (file.is_none(), file, span)
        };
        self.mistakes.sort_by_cached_key(place);
        self.tell_once();
    }

    /// Drops what is said again of the same place: an alias, a merge key or a shared table brings one mistake to
    /// several connections.
    fn tell_once(&mut self) {
        let mut kept: Vec<Mistake> = Vec::with_capacity(self.mistakes.len());
        for mistake in std::mem::take(&mut self.mistakes) {
            let place = mistake.origin.as_ref().and_then(Origin::span);
            let here = kept.iter().rev().take_while(|before| {
                let before = before.origin.as_ref();
                place.is_some()
                    && before.and_then(Origin::span).map(|s| s.start) == place.map(|s| s.start)
            });
            let mut here = here.filter(|before| before.origin == mistake.origin);
            if here.any(|before| before.code == mistake.code && before.message == mistake.message) {
                match mistake.severity {
                    Severity::Warning => self.warnings -= 1,
                    Severity::Error => self.errors -= 1,
                }
            } else {
                kept.push(mistake);
            }
        }
        self.mistakes = kept;
    }

    /// All findings.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// The findings that make the configuration unusable.
    pub fn errors(&self) -> impl Iterator<Item = &Mistake> {
        self.mistakes
            .iter()
            .filter(|mistake| mistake.severity == Severity::Error)
    }

    /// The findings that do not.
    pub fn warnings(&self) -> impl Iterator<Item = &Mistake> {
        self.mistakes
            .iter()
            .filter(|mistake| mistake.severity == Severity::Warning)
    }

    /// Whether the configuration is unusable.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }
}

impl fmt::Display for Report {
    /// As [`Style::Plain`] shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}
