//! How a command ends: with an answer or a failure, and the exit code of either.

use std::path::Path;
use std::process::ExitCode;

use super::console::Console;
use crate::config::Report;
use crate::error::{Error, ErrorKind};

/// The exit code's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Unhealthy,
    Usage,
    NotWritten,
    Configuration,
    Interrupted,
}

impl Verdict {
    /// After `sysexits.h` and the shells' 128 + signal, where they have one.
    const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Unhealthy => 1,
            Self::Usage => 2,
            Self::NotWritten => 74,
            Self::Configuration => 78,
            Self::Interrupted => 130,
        }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        verdict.code().into()
    }
}

/// What goes to standard output, and how the command went.
#[derive(Debug)]
pub(super) struct Answer {
    /// Ends with a line break unless it is empty.
    pub(super) text: String,
    /// What standard error is told after it.
    pub(super) note: String,
    pub(super) verdict: Verdict,
}

impl Answer {
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            note: String::new(),
            verdict: Verdict::Good,
        }
    }

    pub(super) fn json(value: &serde_json::Value, verdict: Verdict) -> Self {
        Self {
            text: format!("{value:#}\n"),
            note: String::new(),
            verdict,
        }
    }
}

/// Why there is no answer; told on standard error.
#[derive(Debug)]
pub(super) struct Failure {
    verdict: Verdict,
    detail: Detail,
}

#[derive(Debug)]
enum Detail {
    Nothing,
    Said { message: String, help: String },
    Report(Box<Report>),
}

impl Failure {
    fn new(verdict: Verdict, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            verdict,
            detail: Detail::Said {
                message: message.into(),
                help: help.into(),
            },
        }
    }

    /// What was asked for is not there.
    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Verdict::Usage, message, help)
    }

    pub(super) fn other(message: impl Into<String>) -> Self {
        Self::new(Verdict::Unhealthy, message, "")
    }

    pub(super) fn not_written(path: &Path, error: &std::io::Error) -> Self {
        let message = format!("`{}` can't be written: {error}", path.display());
        Self::new(Verdict::NotWritten, message, "")
    }

    pub(super) fn interrupted() -> Self {
        Self {
            verdict: Verdict::Interrupted,
            detail: Detail::Nothing,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What standard error is told.
    pub(super) fn render(&self, console: &Console) -> String {
        match &self.detail {
            Detail::Nothing => String::new(),
            Detail::Said { message, help } => console.error(message, help),
            Detail::Report(report) => console.report(report, console.side),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Some(report) = error.report() {
            return Self {
                verdict: Verdict::Configuration,
                detail: Detail::Report(Box::new(report.clone())),
            };
        }
        let verdict = match error.kind() {
            ErrorKind::NotFound | ErrorKind::WrongType => Verdict::Usage,
            ErrorKind::Configuration => Verdict::Configuration,
            _ => Verdict::Unhealthy,
        };
        let help = error.help().unwrap_or_default().to_owned();
        Self::new(verdict, error.message(), help)
    }
}
