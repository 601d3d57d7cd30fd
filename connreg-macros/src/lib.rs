//! The `#[connection]` attribute and the `Settings` derive of `connreg`; their documentation is there.
//!
//! Parse ([`args`], [`field`]) → model and check ([`model`], [`literal`], [`check`]) → [`expand`].
#![forbid(unsafe_code)]

mod args;
mod attribute;
mod check;
mod derive;
mod errors;
mod expand;
mod fallback;
mod field;
mod keys;
mod kind;
mod literal;
mod model;
mod never_empty;
mod reserved;

use proc_macro::TokenStream;

/// Makes a struct a connection type; documented at `connreg::connection`.
#[proc_macro_attribute]
pub fn connection(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand(args.into(), item.into()).into()
}

/// What `#[connection]` adds to the struct: parses, checks and expands it once `cfg`s are applied.
#[doc(hidden)]
#[proc_macro_derive(__Connection, attributes(setting, __connreg))]
pub fn derive_connection(item: TokenStream) -> TokenStream {
    derive::connection(item.into()).into()
}

/// Makes a struct or a unit enum usable as a setting; documented at `connreg::Settings`.
#[proc_macro_derive(Settings, attributes(setting))]
pub fn derive_settings(item: TokenStream) -> TokenStream {
    derive::settings(item.into()).into()
}

/// The permanent `None` of the slice of types, made in `connreg` itself.
#[doc(hidden)]
#[proc_macro]
pub fn __never_empty(_: TokenStream) -> TokenStream {
    never_empty::element().into()
}

/// Puts the permanent `None` into the section that `linkme` names.
#[doc(hidden)]
#[proc_macro]
pub fn __section(element: TokenStream) -> TokenStream {
    never_empty::section(element.into()).into()
}
