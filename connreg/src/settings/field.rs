//! The description of one setting, built by the macro in `const` context.

/// One setting: what a person can write, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key, in `snake_case`.
    pub name: &'static str,
    /// Other keys that mean the same.
    pub aliases: &'static [&'static str],
    /// The doc comment, lines joined by `\n`.
    pub doc: &'static str,
    /// What may be written.
    pub shape: Shape,
    /// The default as a person would write it; `None` if there is none.
    pub default: Option<&'static str>,
    /// Whether leaving it out is a mistake.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// The range as it was written: `1..=65535`, `1ms..=10min`.
    pub range: Option<&'static str>,
    /// The least length: characters of text, elements of a list or map.
    pub min_len: Option<usize>,
    /// The greatest length: characters of text, elements of a list or map.
    pub max_len: Option<usize>,
    /// The only values allowed; empty means any.
    pub one_of: &'static [&'static str],
    /// A well-known environment variable that sets it (`PGHOST`).
    pub env: Option<&'static str>,
    /// An example value, as a person would write it.
    pub example: Option<&'static str>,
    /// Why it should not be used any more, and what to use.
    pub deprecated: Option<&'static str>,
    /// Whether the fields of its table stand in the parent's own table.
    pub flatten: bool,
}

impl Field {
    /// A required field of a shape, without anything else; the macro fills in the rest.
    pub const fn new(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            aliases: &[],
            doc: "",
            shape,
            default: None,
            required: true,
            secret: shape.is_secret(),
            range: None,
            min_len: None,
            max_len: None,
            one_of: &[],
            env: None,
            example: None,
            deprecated: None,
            flatten: false,
        }
    }

    /// Its name and aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// What may be written for a setting.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `true`, `false`.
    Bool,
    /// A whole number between two bounds, both included.
    Integer {
        /// Least value.
        min: i128,
        /// Greatest value.
        max: i128,
    },
    /// Any number.
    Float,
    /// Text.
    Text,
    /// `30` (seconds), `"30s"`, `"00:00:30"`.
    Duration,
    /// `1024` (bytes), `"64 MiB"`.
    ByteSize,
    /// An absolute URL.
    Url,
    /// A file system path.
    Path,
    /// Text that is never shown.
    Secret,
    /// A sequence.
    List(&'static Shape),
    /// Any keys, values of one shape.
    Map(&'static Shape),
    /// One of a few words.
    Choice(&'static [Choice]),
    /// A table of settings.
    Table(&'static [Field]),
    /// The name of another connection.
    Connection,
    /// Whatever a `serde` type takes.
    Any,
}

/// One word of a [`Shape::Choice`].
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The word, in `snake_case`.
    pub name: &'static str,
    /// The variant's name in Rust.
    pub variant: &'static str,
    /// Other words that mean the same.
    pub aliases: &'static [&'static str],
    /// The variant's doc comment.
    pub doc: &'static str,
}

impl Shape {
    /// Whether values of it are secret by themselves.
    pub(crate) const fn is_secret(&self) -> bool {
        match self {
            Self::Secret => true,
            Self::List(inner) | Self::Map(inner) => inner.is_secret(),
            _ => false,
        }
    }

    /// What it is called in a message: `a whole number`, `a duration such as "30s"`.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Integer { .. } => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Duration => "a duration such as \"30s\"",
            Self::ByteSize => "a size such as \"64 MiB\"",
            Self::Url => "a URL",
            Self::Path => "a path",
            Self::Secret => "text (a secret)",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Table(_) => "a table",
            Self::Choice(_) => "one of a few words",
            Self::Connection => "the name of a connection",
            Self::Any => "a value",
        }
    }

    /// What its type is called in a table of settings: `integer`, `list of url`.
    pub fn label(&self) -> String {
        match self {
            Self::Bool => "boolean".into(),
            Self::Integer { .. } => "integer".into(),
            Self::Float => "number".into(),
            Self::Text => "text".into(),
            Self::Duration => "duration".into(),
            Self::ByteSize => "size".into(),
            Self::Url => "url".into(),
            Self::Path => "path".into(),
            Self::Secret => "secret".into(),
            Self::List(inner) => format!("list of {}", inner.label()),
            Self::Map(inner) => format!("map of {}", inner.label()),
            Self::Choice(choices) => choices
                .iter()
                .map(|choice| choice.name)
                .collect::<Vec<_>>()
                .join(" | "),
            Self::Table(_) => "table".into(),
            Self::Connection => "connection".into(),
            Self::Any => "any".into(),
        }
    }
}
