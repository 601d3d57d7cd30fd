//! Configuration as it was written: values with the place of every key and value.
//!
//! Parsers make these trees, layers are merged into one of them, and settings are read from it.

use std::fmt;
use std::sync::Arc;

/// A name as it is compared: without regard to case, `_` and `-`.
pub(crate) fn canonical(name: &str) -> String {
    let significant = name.chars().filter(|c| !matches!(c, '_' | '-'));
    significant.flat_map(char::to_lowercase).collect()
}

/// Whether two names are one in configuration.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    if !(a.is_ascii() && b.is_ascii()) {
        return canonical(a) == canonical(b);
    }
    let significant = |name: &'_ [u8], at: &mut usize| loop {
        let byte = name.get(*at).copied()?;
        *at += 1;
        if !matches!(byte, b'_' | b'-') {
            return Some(byte.to_ascii_lowercase());
        }
    };
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (mut in_a, mut in_b) = (0, 0);
    loop {
        match (significant(a, &mut in_a), significant(b, &mut in_b)) {
            (None, None) => return true,
            (x, y) if x == y => {}
            _ => return false,
        }
    }
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

    /// Whether the value comes from where lists can't be written: a variable, code, an interpolated text.
    pub(crate) fn is_one_line(&self) -> bool {
        self.via.is_some() || matches!(*self.source, Source::Environment(_) | Source::Code)
    }

    /// Whether the value was written down for its setting, and does not come from a variable or another file.
    pub(crate) fn is_written_out(&self) -> bool {
        self.via.is_none() && !matches!(*self.source, Source::Environment(_))
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
    /// `file:line:column`, `$VARIABLE` or `code`.
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
    /// The scalar as it was written, where its value would be printed otherwise: `0123`, `1.10`, `1e3`.
    pub(crate) written: Option<Box<str>>,
    /// A scalar that a YAML anchor lends to other places: one of them may be a secret's.
    pub(crate) lent: bool,
}

/// A configuration value.
#[derive(Clone)]
pub(crate) enum Value {
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
    /// A value that could not be had (a variable that is not set, say); the mistake is reported already.
    Mistaken,
}

/// Keys and values in the order of writing, found without regard to case, `_` and `-`.
#[derive(Clone, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
    /// A mistake of syntax has cost a part of it, so that what is missing may well stand there.
    pub(crate) damaged: bool,
}

/// One key with its value.
#[derive(Clone)]
pub(crate) struct Entry {
    /// As it was written.
    pub(crate) key: String,
    pub(crate) key_origin: Origin,
    pub(crate) node: Node,
    /// The whole dotted key as it was written, where that is not the table's with `key` behind it.
    pub(crate) path: Option<Arc<str>>,
    /// The name of the setting that the key was found to mean.
    pub(crate) setting: Option<&'static str>,
    /// Came by a YAML merge key, so that an explicit key goes before it.
    pub(crate) inherited: bool,
    /// The value is the path of the file that holds the value.
    pub(crate) from_file: bool,
}

impl Entry {
    pub(crate) fn new(key: impl Into<String>, key_origin: Origin, node: Node) -> Self {
        Self {
            key: key.into(),
            key_origin,
            node,
            path: None,
            setting: None,
            inherited: false,
            from_file: false,
        }
    }

    /// Whether the entry sets the setting called `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        match self.setting {
            Some(setting) => setting == name,
            None => same_name(&self.key, name),
        }
    }
}

/// Whole numbers beyond are read as floating-point ones.
const MAX_INTEGER: f64 = 1.7e38;

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            origin,
            written: None,
            lent: false,
        }
    }

    /// Remembers how the scalar was written, unless printing its value gives the same.
    pub(crate) fn written(mut self, text: &str) -> Self {
        if self.scalar_text().is_some_and(|printed| printed != text) {
            self.written = Some(text.into());
        }
        self
    }

    /// The text of a scalar, as it was written.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        if let Some(written) = &self.written {
            return Some(written.to_string());
        }
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null | Value::List(_) | Value::Table(_) | Value::Mistaken => None,
        }
    }

    /// Whether it is, or holds, a value whose mistake is reported already.
    pub(crate) fn is_mistaken(&self) -> bool {
        match &self.value {
            Value::Mistaken => true,
            Value::List(items) => items.iter().any(Self::is_mistaken),
            Value::Table(table) => table.entries.iter().any(|entry| entry.node.is_mistaken()),
            _ => false,
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The table, which nothing at all stands for as well: all its keys may be commented out.
    pub(crate) fn as_table_or_empty(&self) -> Option<&Table> {
        static EMPTY: Table = Table {
            entries: Vec::new(),
            damaged: false,
        };
        match self.value {
            Value::Null => Some(&EMPTY),
            _ => self.as_table(),
        }
    }

    /// What it is, for messages: `a whole number`, `text`, …; never the value.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "a whole number",
            Value::Float(number) if !number.is_finite() => "a number that is not finite",
            Value::Float(number) if number.abs() > MAX_INTEGER => "a number beyond all limits",
            Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Mistaken => "a value that could not be had",
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.origin)
    }
}

impl Table {
    /// Whether a mistake of syntax has cost a part of it, or of a table `levels` below it.
    pub(crate) fn has_gaps(&self, levels: usize) -> bool {
        self.damaged
            || self.entries.iter().any(|entry| match &entry.node.value {
                Value::Mistaken => true,
                Value::Table(table) => levels > 0 && table.has_gaps(levels - 1),
                _ => false,
            })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is(name))
    }
}
