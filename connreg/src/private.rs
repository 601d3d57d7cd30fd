//! What generated code names. Not for people: anything here may change at any time.

pub use linkme;

pub use crate::capability::{Provided, View};
pub use crate::config::Node;
pub use crate::connection_enum::{variant_of_name, variant_of_type};
pub use crate::descriptor::{Declaration, Descriptor, UNDECLARED};
pub use crate::secrets::{LinkedProvider, ProviderDeclaration};
pub use crate::settings::{
    Choice, Field, FieldReader, Length, OneOf, Ranged, ReadContext, SettingValue, Settings, Shape,
    TableReader, check_flattened, check_flattened_connection, choose, default_text, url, word,
};
pub use crate::slice::{CONNREG_0_1_SECRET_PROVIDERS, CONNREG_0_1_TYPES};
pub use connreg_macros::__Connection;

/// Implemented by the attribute: ties a struct to its descriptor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection type",
    label = "not annotated with `#[connection]`",
    note = "write `#[connection(type = \"…\", category = \"…\")]` above the struct"
)]
pub trait Declared: Settings + Clone + Send + Sync + 'static {
    /// The struct's descriptor.
    const DESCRIPTOR: &'static Descriptor;
}
