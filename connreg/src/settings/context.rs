//! Where a reader is in the configuration, and what it has found so far.

use std::fmt;

use super::reader::TableReader;
use super::reference::Reference;
use super::{Settings, Shape};
use crate::config::code::Code;
use crate::config::keys::Known;
use crate::config::report::{Mistake, Report};
use crate::config::tree::{Entry, Node, Origin, Value};

/// Where in the configuration a reader is, and what it has found so far.
pub struct Context<'a> {
    report: &'a mut Report,
    references: &'a mut Vec<Reference>,
    path: Vec<String>,
    /// The place of the key whose value is being read.
    name: Option<Origin>,
    /// Depth of tables whose values must not be quoted.
    secret: usize,
    /// The range of the setting that is being read, as it was written.
    range: Option<&'static str>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        report: &'a mut Report,
        references: &'a mut Vec<Reference>,
        path: Vec<String>,
    ) -> Self {
        Self {
            report,
            references,
            path,
            name: None,
            secret: 0,
            range: None,
        }
    }

    /// The dotted key of what is being read.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for part in &self.path {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        path
    }

    pub(crate) fn push(&mut self, mistake: Mistake) {
        self.report.push(mistake);
    }

    pub(crate) fn add_reference(&mut self, reference: Reference) {
        self.references.push(reference);
    }

    /// Runs `read` where values must not be quoted, if `secret` says so.
    pub(super) fn with_secrecy<T>(&mut self, secret: bool, read: impl FnOnce(&mut Self) -> T) -> T {
        self.secret += usize::from(secret);
        let result = read(self);
        self.secret -= usize::from(secret);
        result
    }

    /// Whether no more findings are kept.
    pub(super) fn is_full(&self) -> bool {
        self.report.is_full()
    }

    /// Whether values must not be quoted here.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret > 0
    }

    /// The value as text, where a message may quote it: what a variable holds, or what looks as if a password
    /// may be in it, is not told.
    pub(crate) fn quotable<'n>(&self, node: &'n Node) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if self.may_tell(node) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Whether a report may show the value: the message quotes it, or it tells nothing.
    fn is_told(&self, node: &Node, message: &str) -> bool {
        let quoted = || {
            node.scalar_text()
                .is_some_and(|text| message.contains(&text))
        };
        self.may_tell(node) && (matches!(node.value, Value::Bool(_)) || quoted())
    }

    /// Whether a message may quote the value: it is a plain scalar of the file's own, and no secret.
    pub(crate) fn may_tell(&self, node: &Node) -> bool {
        !self.is_secret() && is_tellable(node)
    }

    /// Runs `read` for a setting that has this range.
    pub(super) fn with_range<T>(
        &mut self,
        range: Option<&'static str>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = std::mem::replace(&mut self.range, range);
        let result = read(self);
        self.range = outer;
        result
    }

    /// The range of the setting that is being read, if it has one of its own.
    pub(super) fn range(&self) -> Option<&'static str> {
        self.range
    }

    /// Runs `read` at an entry.
    pub(super) fn at_entry<T>(&mut self, entry: &Entry, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = entry
            .path
            .as_ref()
            .map(|path| std::mem::replace(&mut self.path, vec![path.to_string()]));
        let outer_name = self.name.replace(entry.key_origin.clone());
        let result = match outer {
            None => self.within(&entry.key, read),
            Some(outer) => {
                let result = read(self);
                self.path = outer;
                result
            }
        };
        self.name = outer_name;
        result
    }

    /// The dotted key of an entry of the table that is being read.
    pub(super) fn key(&self, entry: &Entry) -> String {
        match &entry.path {
            Some(path) => path.to_string(),
            None => format!("{}.{}", self.path(), entry.key),
        }
    }

    /// Runs `read` one key deeper.
    pub(crate) fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let result = read(self);
        self.path.pop();
        result
    }

    /// Reports that `node` is not what `shape` takes.
    pub(crate) fn wrong_kind(&mut self, node: &Node, shape: &Shape) {
        let message = format!("expected {}, found {}", shape.noun(), node.kind());
        if matches!(node.value, Value::Null) {
            let help = "write a value, or leave the key out";
            self.wrong_value_with(Code::WrongKind, node, message, help);
        } else {
            self.wrong_value(Code::WrongKind, node, message);
        }
    }

    /// Reports that `node` has the right kind and a wrong value; `message` is used as it is.
    pub(crate) fn wrong_value(&mut self, code: Code, node: &Node, message: impl Into<String>) {
        // What could not be had is reported already.
        if matches!(node.value, Value::Mistaken) {
            return;
        }
        let message = message.into();
        let told = self.is_told(node, &message);
        self.push(
            Mistake::error(code, self.path(), message)
                .at(&node.origin)
                .told(told),
        );
    }

    /// Like [`wrong_value`](Self::wrong_value), with a word on what to do.
    pub(crate) fn wrong_value_with(
        &mut self,
        code: Code,
        node: &Node,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if matches!(node.value, Value::Mistaken) {
            return;
        }
        let message = message.into();
        let told = self.is_told(node, &message);
        self.push(
            Mistake::error(code, self.path(), message)
                .at(&node.origin)
                .told(told)
                .help(help),
        );
    }

    /// Reads a nested table of settings; unknown keys are mistakes.
    pub fn table<S: Settings>(&mut self, node: &Node) -> Option<S> {
        let Some(table) = node.as_table_or_empty() else {
            self.wrong_kind(node, &Shape::Table(S::FIELDS));
            return None;
        };
        // What is missing in a table is told at its name.
        let origin = self.name.take().unwrap_or_else(|| node.origin.clone());
        let mut reader = TableReader::new(self, table, &origin);
        let value = S::read(&mut reader);
        let complete = reader.finish(Known::nested(S::FIELDS));
        value.filter(|_| complete)
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reading `{}`", self.path())
    }
}

/// Whether a value may be told where it is no secret's: a plain scalar that stands in the file itself, and there for
/// nothing else.
pub(super) fn is_tellable(node: &Node) -> bool {
    node.origin.is_written_out()
        && !node.lent
        && match &node.value {
            Value::Text(text) => quotable(text),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) => true,
            Value::Null | Value::List(_) | Value::Table(_) | Value::Mistaken => false,
        }
}

/// Whether a text is short and plain, and neither a URL nor a connection string, which may hold a password.
pub(crate) fn quotable(text: &str) -> bool {
    text.chars().count() <= 60
        && !text.contains("://")
        && !text.contains(|c: char| c.is_control() || matches!(c, '@' | '=' | ';'))
}
