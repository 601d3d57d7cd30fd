//! The mistakes of a load, collected and told all at once.

use std::fmt;
use std::path::Path;

use super::code::Code;
use super::tree::Origin;

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
}

impl Mistake {
    pub(crate) fn error(code: Code, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            key: key.into(),
            message: message.into(),
            help: None,
            origin: None,
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
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
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
}

/// How many errors, and how many warnings, are kept: a large file that is all wrong must not exhaust memory.
const MAX_FINDINGS: usize = 5_000;

impl Report {
    pub(crate) fn push(&mut self, mistake: Mistake) {
        let count = match mistake.severity {
            Severity::Warning => &mut self.warnings,
            Severity::Error => &mut self.errors,
        };
        if *count < MAX_FINDINGS {
            *count += 1;
            self.mistakes.push(mistake);
        }
    }

    /// Whether no more errors are kept, so that looking for more is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= MAX_FINDINGS
    }

    /// Puts findings into the order of files, lines and columns; those from elsewhere come last.
    pub(crate) fn sort(&mut self) {
        let place = |mistake: &Mistake| {
            let origin = mistake.origin.as_ref();
            let file = origin.and_then(Origin::file).map(Path::to_owned);
            let span = origin
                .and_then(Origin::span)
                .map(|span| (span.line, span.column));
            (file.is_none(), file, span)
        };
        self.mistakes.sort_by_cached_key(place);
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.errors;
        match errors {
            _ if self.is_full() => write!(f, "the configuration has at least {errors} mistakes:")?,
            1 => f.write_str("the configuration has 1 mistake:")?,
            n => write!(f, "the configuration has {n} mistakes:")?,
        }
        for mistake in &self.mistakes {
            write!(f, "\n  {mistake}")?;
        }
        Ok(())
    }
}
