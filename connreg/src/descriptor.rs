//! One constant per connection type: what it is called, what it can be told, and how to make one.
//!
//! Everything here is built in `const` context, so that nothing runs before `main`.

use std::fmt;
use std::sync::Arc;

use crate::backend::Backend;
use crate::capability::Provided;
use crate::private::Declared;
use crate::runtime::Configured;
use crate::settings::{Field, Settings, TableReader};

/// What the macro writes down of an annotated struct.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// `type = "…"`.
    pub name: &'static str,
    /// `category = "…"`.
    pub category: &'static str,
    /// `aliases("…", …)`.
    pub aliases: &'static [&'static str],
    /// `section("…", …)`: dotted places in configuration files; empty means `category.name`.
    pub sections: &'static [&'static str],
    /// The struct's doc comment, lines joined by `\n`, without the generated table.
    pub doc: &'static str,
    /// `provides(…)`.
    pub provides: &'static [Provided],
    /// The struct's name.
    pub rust_name: &'static str,
    /// `CARGO_PKG_NAME` of the defining crate.
    pub package: &'static str,
    /// `CARGO_PKG_VERSION` of the defining crate.
    pub version: &'static str,
    /// `file!()` of the definition.
    pub file: &'static str,
    /// `line!()` of the definition, from 1.
    pub line: u32,
}

/// A connection type, erased: the declaration and the functions made for its struct.
pub struct Descriptor {
    pub(crate) declaration: Declaration,
    pub(crate) fields: &'static [Field],
    pub(crate) pooled: bool,
    pub(crate) read: fn(&mut TableReader<'_, '_>) -> Option<Arc<dyn Configured>>,
}

impl Descriptor {
    /// The descriptor of `B`.
    pub const fn of<B: Backend>(declaration: Declaration) -> Self {
        Self {
            declaration,
            fields: <B as Settings>::FIELDS,
            pooled: B::POOLED,
            read: read_as::<B>,
        }
    }

    /// The same definition met twice, as happens where one crate is linked twice.
    pub(crate) fn is_same_definition(&self, other: &Self) -> bool {
        let (a, b) = (&self.declaration, &other.declaration);
        (a.package, a.version, a.file, a.line, a.name)
            == (b.package, b.version, b.file, b.line, b.name)
    }

    /// `package version, file:line`, to name a definition in a message.
    pub(crate) fn place(&self) -> String {
        let d = &self.declaration;
        format!("{} {}, {}:{}", d.package, d.version, d.file, d.line)
    }
}

/// Stands in for the descriptor of a declaration that did not compile.
pub static UNDECLARED: &Descriptor = &Descriptor {
    declaration: Declaration {
        name: "undeclared",
        category: "",
        aliases: &[],
        sections: &[],
        doc: "",
        provides: &[],
        rust_name: "",
        package: "",
        version: "",
        file: "",
        line: 0,
    },
    fields: &[],
    pooled: false,
    read: |_| None,
};

fn read_as<B: Backend>(table: &mut TableReader<'_, '_>) -> Option<Arc<dyn Configured>> {
    let backend = B::read(table)?;
    Some(Arc::new(backend))
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("declaration", &self.declaration)
            .finish_non_exhaustive()
    }
}

/// The descriptor's address, for code that has the struct.
pub(crate) fn descriptor_of<B: Declared>() -> &'static Descriptor {
    B::DESCRIPTOR
}
