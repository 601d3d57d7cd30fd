//! A report for programs: JSON.

use serde_json::{Value, json};

use super::report::{Mistake, Report, Severity};
use super::tree::Origin;

impl Report {
    /// `{"diagnostics": [{"severity", "code", "message", "help", "key", "file", "line", "column", "origin"}]}`, in the
    /// order of files and lines.
    ///
    /// What a mistake does not have is `null`. Lines and columns (in characters) count from 1; `origin` is what the value
    /// was made from (`$POSTGRES_PORT`) where that is not the file alone.
    pub fn to_json(&self) -> Value {
        let diagnostics: Vec<Value> = self.mistakes().iter().map(diagnostic).collect();
        json!({ "diagnostics": diagnostics })
    }
}

fn diagnostic(mistake: &Mistake) -> Value {
    let origin = mistake.origin();
    let file = origin.and_then(Origin::file);
    let span = origin.and_then(Origin::span);
    let made_from = origin.and_then(|origin| match (origin.via(), file) {
        (Some(via), _) => Some(via.to_owned()),
        (None, Some(_)) => None,
        (None, None) => Some(origin.to_string()),
    });
    json!({
        "severity": match mistake.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": mistake.code().as_str(),
        "message": mistake.message(),
        "help": mistake.advice(),
        "key": Some(mistake.key()).filter(|key| !key.is_empty()),
        "file": file.map(|file| file.display().to_string()),
        "line": span.map(|span| span.line),
        "column": span.map(|span| span.column),
        "origin": made_from,
    })
}
