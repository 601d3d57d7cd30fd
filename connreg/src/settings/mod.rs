//! Settings: what a field of a configuration struct is, and how it is read from a tree.
//!
//! [`field`] describes a field, [`reader`] reads a table and collects every mistake, [`value`] converts single
//! values. Which files the table came from is [`crate::config`]'s.

mod field;
mod reader;
mod reference;
mod secret;
mod value;

pub use field::{Choice, Field, Shape};
pub use reader::Context as ReadContext;
pub use reader::{FieldReader, OneOf, TableReader};
pub use reference::ConnectionRef;
pub(crate) use reference::Reference;
pub use secret::Secret;
#[cfg(feature = "schema")]
pub(crate) use value::parse_duration;
pub use value::{Length, Ranged, SettingValue, choose, default_text, url};

/// A struct whose fields are settings. Made by `#[connection]` and `#[derive(Settings)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table of settings",
    label = "needs `#[derive(connreg::Settings)]`"
)]
pub trait Settings: Sized {
    /// The fields, in the order of declaration.
    const FIELDS: &'static [Field];

    /// Reads every field, reporting every mistake; `None` if there was one.
    fn read(table: &mut TableReader<'_, '_>) -> Option<Self>;
}
