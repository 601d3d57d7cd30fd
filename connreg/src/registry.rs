//! All connection types of a binary: assembled, checked for clashes, and found by name.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::capability::Provided;
use crate::config::redact;
use crate::config::tree::canonical;
use crate::descriptor::Descriptor;
use crate::error::{Error, ErrorKind};
use crate::nearest::nearest;
use crate::settings::Field;
use crate::slice;

/// A handle on a connection type: `Copy`, comparable, found by name, alias, id or category.
///
/// The set of types is open: it is whatever the binary links. For an exhaustive `match`, see
/// [`connection_enum!`](crate::connection_enum!).
#[derive(Clone, Copy)]
pub struct ConnectionType(pub(crate) &'static Descriptor);

impl ConnectionType {
    /// The handle on `descriptor`.
    #[doc(hidden)]
    pub const fn of(descriptor: &'static Descriptor) -> Self {
        Self(descriptor)
    }

    /// The type's name, as in `type = "postgres"`.
    pub const fn name(self) -> &'static str {
        self.0.declaration.name
    }

    /// The family that it belongs to: `db`, `vector`, `storage`, …
    pub const fn category(self) -> &'static str {
        self.0.declaration.category
    }

    /// Other names that it answers to.
    pub const fn aliases(self) -> &'static [&'static str] {
        self.0.declaration.aliases
    }

    /// The doc comment of its struct, without the table of settings.
    pub const fn doc(self) -> &'static str {
        self.0.declaration.doc
    }

    /// What can be configured, in the order of declaration.
    pub const fn settings(self) -> &'static [Field] {
        self.0.fields
    }

    /// The dotted places of its tables in configuration files; empty means `category.name`.
    pub const fn sections(self) -> &'static [&'static str] {
        self.0.declaration.sections
    }

    /// The capabilities of its clients.
    pub const fn capabilities(self) -> &'static [Provided] {
        self.0.declaration.provides
    }

    /// Whether its client keeps a pool.
    pub const fn is_pooled(self) -> bool {
        self.0.pooled
    }

    /// The crate that defines it.
    pub const fn package(self) -> &'static str {
        self.0.declaration.package
    }

    /// That crate's version.
    pub const fn version(self) -> &'static str {
        self.0.declaration.version
    }

    /// The file and line of the definition, from 1, as the compiler was given it.
    pub const fn defined_at(self) -> (&'static str, u32) {
        (self.0.declaration.file, self.0.declaration.line)
    }

    /// A number for it, dense from 0 and the same for the life of one binary; `None` for a type that the linker
    /// dropped from the slice.
    pub fn id(self) -> Option<usize> {
        Registry::linked()
            .ok()?
            .types
            .iter()
            .position(|known| *known == self)
    }

    /// The type with this id.
    pub fn by_id(id: usize) -> Option<Self> {
        Registry::linked().ok()?.types.get(id).copied()
    }

    /// The type with this name or alias, without regard to case, `_` and `-`.
    ///
    /// # Errors
    ///
    /// An unknown name: lists what is linked, the nearest match and what may be missing.
    pub fn by_name(name: &str) -> Result<Self, Error> {
        Registry::linked()?.get(name)
    }

    /// The types of a category, by name.
    pub fn by_category(category: &str) -> impl Iterator<Item = Self> + use<'_> {
        Self::all().filter(move |kind| canonical(kind.category()) == canonical(category))
    }

    /// Every linked type, in the order of ids, which is by name.
    pub fn all() -> impl Iterator<Item = Self> {
        Registry::linked()
            .ok()
            .into_iter()
            .flat_map(|registry| registry.types.iter().copied())
    }

    pub(crate) fn provides<C: ?Sized + 'static>(self) -> Option<&'static Provided> {
        self.capabilities()
            .iter()
            .find(|provided| provided.is::<C>())
    }
}

impl PartialEq for ConnectionType {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0) || self.0.is_same_definition(other.0)
    }
}

impl Eq for ConnectionType {}

impl std::hash::Hash for ConnectionType {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Display for ConnectionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for ConnectionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectionType({})", self.name())
    }
}

impl FromStr for ConnectionType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::by_name(name)
    }
}

impl Serialize for ConnectionType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ConnectionType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::by_name(&name).map_err(de::Error::custom)
    }
}

/// Connection types with their index: those that the linker found, or those of an explicit list.
#[derive(Debug)]
pub struct Registry {
    types: Vec<ConnectionType>,
    /// Canonical name or alias → position.
    names: HashMap<String, usize>,
}

impl Registry {
    /// The types that this binary links; assembled once.
    ///
    /// # Errors
    ///
    /// Two types that answer to one name: both places of definition are named.
    pub fn linked() -> Result<&'static Self, Error> {
        static LINKED: OnceLock<Result<Registry, Error>> = OnceLock::new();
        LINKED
            .get_or_init(|| Registry::assemble(slice::linked().map(ConnectionType)))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The types given, for targets that the linker's slice does not reach (wasm, Miri, some static libraries).
    ///
    /// # Errors
    ///
    /// Two types that answer to one name: both places of definition are named.
    pub fn from_types(types: impl IntoIterator<Item = ConnectionType>) -> Result<Self, Error> {
        Self::assemble(types.into_iter())
    }

    fn assemble(types: impl Iterator<Item = ConnectionType>) -> Result<Self, Error> {
        let mut types: Vec<ConnectionType> = types.collect();
        // The linker's order changes with every build; ids must not.
        types.sort_by_key(|kind| (kind.name(), kind.package(), kind.defined_at()));
        types.dedup();
        let mut names: HashMap<String, usize> = HashMap::with_capacity(types.len());
        let mut clashes = Vec::new();
        for (index, kind) in types.iter().enumerate() {
            for name in std::iter::once(kind.name()).chain(kind.aliases().iter().copied()) {
                match names.insert(canonical(name), index) {
                    Some(other) if other != index => clashes.push(format!(
                        "`{name}` is both `{}` ({}) and `{}` ({})",
                        types[other].name(),
                        types[other].0.place(),
                        kind.name(),
                        kind.0.place(),
                    )),
                    _ => {}
                }
            }
        }
        if clashes.is_empty() {
            return Ok(Self { types, names });
        }
        let message = format!(
            "two connection types answer to one name: {}",
            clashes.join("; ")
        );
        let help = "rename one of them, or drop the alias or the crate".to_owned();
        Err(Error::usage(ErrorKind::Configuration, message, Some(help)))
    }

    /// The type with this name or alias, without regard to case, `_` and `-`.
    ///
    /// # Errors
    ///
    /// An unknown name: lists what is linked, the nearest match and what may be missing.
    pub fn get(&self, name: &str) -> Result<ConnectionType, Error> {
        self.find(name).ok_or_else(|| {
            let (message, help) = self.unknown(name);
            Error::usage(ErrorKind::NotFound, message, Some(help))
        })
    }

    /// The type with this name or alias, if there is one.
    pub fn find(&self, name: &str) -> Option<ConnectionType> {
        self.names
            .get(&canonical(name))
            .map(|index| self.types[*index])
    }

    /// Every type, by name.
    pub fn types(&self) -> &[ConnectionType] {
        &self.types
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// What to say of an unknown type's name: the message and the help.
    pub(crate) fn unknown(&self, name: &str) -> (String, String) {
        let message = format!("there is no connection type `{}`", redact::key(name));
        let known = || {
            self.types
                .iter()
                .flat_map(|kind| std::iter::once(kind.name()).chain(kind.aliases().iter().copied()))
        };
        let linked = match self.types.len() {
            0 => "no connection type is linked".to_owned(),
            _ => format!(
                "linked: {}",
                self.types
                    .iter()
                    .map(|kind| kind.name())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        let help = if let Some(feature) = builtin_feature(name) {
            format!(
                "enable the feature `{feature}` of connreg-backends, and name the crate once \
                 (`use connreg_backends as _;`) so that it is linked; {linked}"
            )
        } else if let Some(near) = nearest(name, known()) {
            format!("did you mean `{near}`? {linked}")
        } else {
            format!(
                "{linked}; a type of another crate is there only if that crate is linked: \
                 name it once, as in `use connreg_backends as _;`"
            )
        };
        (message, help)
    }
}

impl fmt::Display for Registry {
    /// How many types there are, then a line for each: name, category, crate, version, file and line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.types.len() {
            1 => f.write_str("1 connection type")?,
            n => write!(f, "{n} connection types")?,
        }
        let width = |text: fn(ConnectionType) -> &'static str| {
            self.types
                .iter()
                .map(|kind| text(*kind).len())
                .max()
                .unwrap_or(0)
        };
        let (names, categories) = (width(ConnectionType::name), width(ConnectionType::category));
        for kind in &self.types {
            let category = kind.category();
            write!(
                f,
                "\n{kind:names$}  {category:categories$}  {}",
                kind.0.place()
            )?;
        }
        Ok(())
    }
}

/// Names of the back ends in `connreg-backends`, with the feature that brings each.
///
/// The core knows no back end; it only knows where a missing one would come from.
const BUILTIN: &[(&str, &[&str])] = &[
    ("memory", &["memory"]),
    ("postgres", &["postgres", "postgresql", "pg"]),
    ("redis", &["redis", "valkey"]),
    ("sqlite", &["sqlite", "sqlite3"]),
];

/// The feature of `connreg-backends` that would bring the type `name`.
pub(crate) fn builtin_feature(name: &str) -> Option<&'static str> {
    let name = canonical(name);
    BUILTIN
        .iter()
        .find(|(_, names)| names.iter().any(|known| canonical(known) == name))
        .map(|(f, _)| *f)
}
