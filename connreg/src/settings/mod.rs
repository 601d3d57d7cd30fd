//! Settings: what a field of a configuration struct is, and how it is read from a tree.
//!
//! [`field`] describes a field, [`reader`] reads a table and collects every mistake, [`value`] says what a value is, [`scalars`],
//! [`durations`] and [`collections`] convert them. Which files the table came from is [`crate::config`]'s.

mod collections;
mod context;
mod durations;
mod field;
mod limits;
mod names;
mod reader;
mod reference;
mod scalars;
mod secret;
mod value;

pub use context::Context as ReadContext;
#[cfg(feature = "schema")]
pub(crate) use durations::parse_duration;
pub use field::{Choice, Field, Shape};
pub use limits::{Length, OneOf, Ranged};
pub use names::{check_flattened, check_flattened_connection, word};
pub use reader::{FieldReader, TableReader};
pub use reference::ConnectionRef;
pub(crate) use reference::Reference;
pub use secret::Secret;
pub use value::{SettingValue, choose, default_text, url};

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
