//! Configuration as it was written: values with the place of every key and value.
//!
//! Parsers make these trees, layers are merged into one of them, and settings are read from it.

use std::fmt;
use std::sync::Arc;

fn significant(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
}

/// A name as it is compared: without regard to case, `_` and `-`.
pub(crate) fn canonical(name: &str) -> String {
    significant(name).collect()
}

/// Whether two names are one in configuration.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a == b || significant(a).eq(significant(b))
}

/// Where a key or a value was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Option<Span>,
    /// The variable, file or token that the value was made from, as it was written.
    pub(crate) via: Option<Arc<str>>,
}

/// What a layer was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file, as a path that a person can open.
    File(std::path::PathBuf),
    /// An environment variable's name.
    Environment(String),
    /// Values set in code.
    Code,
    /// A default of a setting.
    Default,
}

/// A place in a file: line and column from 1 (columns count characters), offsets in bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset of the first byte.
    pub start: usize,
    /// Byte offset behind the last byte.
    pub end: usize,
}

impl Origin {
    pub(crate) fn new(source: Arc<Source>, span: Option<Span>) -> Self {
        Self {
            source,
            span,
            via: None,
        }
    }

    /// The place of values that code sets.
    pub(crate) fn code() -> Self {
        Self::new(Arc::new(Source::Code), None)
    }

    /// Whether the value came from an environment variable of its own.
    pub(crate) fn is_environment(&self) -> bool {
        matches!(*self.source, Source::Environment(_))
    }

    /// The file, if it was one.
    pub fn file(&self) -> Option<&std::path::Path> {
        match &*self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }

    /// The place within the file.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// What the value was interpolated from (`$POSTGRES_PORT`), if it was.
    pub fn via(&self) -> Option<&str> {
        self.via.as_deref()
    }
}

impl fmt::Display for Origin {
    /// `file:line:column`, `$VARIABLE`, `code` or `default`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.source {
            Source::File(path) => {
                write!(f, "{}", path.display())?;
                if let Some(span) = self.span {
                    write!(f, ":{}:{}", span.line, span.column)?;
                }
            }
            Source::Environment(name) => write!(f, "${name}")?,
            Source::Code => f.write_str("code")?,
            Source::Default => f.write_str("default")?,
        }
        Ok(())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value with its place. Has no `Debug` output of the value: it may be a secret.
#[derive(Clone)]
pub struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A configuration value.
#[derive(Clone)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// Keys and values in the order of writing.
    Table(Table),
}

/// Keys and values in the order of writing, found without regard to case, `_` and `-`.
#[derive(Clone, Default)]
pub struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// One key with its value.
#[derive(Clone)]
pub struct Entry {
    /// As it was written.
    pub(crate) key: String,
    pub(crate) key_origin: Origin,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// What it is, for messages: `a whole number`, `text`, …; never the value.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.origin)
    }
}

impl Table {
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| same_name(&entry.key, name))
    }
}
