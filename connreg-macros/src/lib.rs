//! The attributes `#[connection]` and `#[secret_provider]` and the `Settings` derive of `connreg`.
//!
//! Parse (`args`, `field`) → model and check (`model`, `literal`, `check`) → `expand`.
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
mod provider;
mod reserved;
#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;

/// Makes a struct a connection type: its fields are the settings.
///
/// The struct gets `Clone`, a `Debug` that never shows a secret, `Default` where every setting has a default or is an
/// `Option`, the reading and checking of its settings, a table of them in its documentation, its entry in the registry, and
/// the constant `TYPE`. How it connects is the `Backend` that is implemented for it.
///
/// Names of types, categories and aliases are small letters, digits, `_` and `-`. Two types of one name in one program are an
/// error of the linker that names the type.
///
#[doc = include_str!("words/connection.md")]
///
/// # Settings
///
/// Each field may have `#[setting(…)]`:
///
#[doc = include_str!("words/field.md")]
///
/// A setting's type is a number, `bool`, `String`, `Duration`, `ByteSize`, `Url`, `PathBuf`, `Secret`, `ConnectionRef`, a `Vec`,
/// map or `Option` of these, a struct or unit enum that derives `Settings`, or, with `serde`, any type that
/// `serde` reads. A setting without a default that is no `Option` is required. Defaults and ranges are checked when the
/// struct is compiled.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use connreg::{Backend, ConnectError, Context, Secret, Url, connection};
///
/// /// A search engine over HTTP.
/// #[connection(type = "finder", category = "search", aliases("find"))]
/// pub struct Finder {
///     /// Nodes, tried in turn.
///     #[setting(min_len = 1)]
///     pub hosts: Vec<Url>,
///     /// Sent with each request.
///     pub api_key: Option<Secret>,
///     /// How long one request may take.
///     #[setting(default = "30s", range = "1ms..=10min")]
///     pub timeout: Duration,
/// }
///
/// impl Backend for Finder {
///     type Client = Vec<Url>;
///
///     async fn connect(&self, _context: &Context) -> Result<Self::Client, ConnectError> {
///         Ok(self.hosts.clone())
///     }
///
///     async fn check(_client: &Self::Client) -> Result<(), ConnectError> {
///         Ok(())
///     }
/// }
///
/// assert_eq!(Finder::TYPE.name(), "finder");
/// assert_eq!(Finder::TYPE.settings()[2].default, Some("30s"));
/// ```
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

/// Makes a struct a nested table of settings, or a unit enum a choice of words.
///
/// A struct gets `Clone`, a `Debug` that never shows a secret, and `Default` where every setting has a default or is an
/// `Option`; an enum derives what it needs itself. On the struct or enum, `#[setting(…)]` takes:
///
#[doc = include_str!("words/table.md")]
///
/// On a struct's fields it takes the words that [`connection`](macro@connection) lists. A variant's word is its name in
/// `snake_case`; on variants it takes:
///
#[doc = include_str!("words/variant.md")]
///
/// # Examples
///
/// ```
/// use connreg::Settings;
///
/// /// How the server's certificate is checked.
/// #[derive(Clone, Copy, Debug, Default, PartialEq, Settings)]
/// pub enum Verify {
///     /// The whole chain, and the host's name.
///     #[default]
///     #[setting(alias = "true")]
///     Full,
///     /// Not at all.
///     #[setting(alias = "false")]
///     Nothing,
/// }
///
/// /// How the connection is encrypted.
/// #[derive(Settings)]
/// pub struct Tls {
///     /// How the server's certificate is checked.
///     #[setting(default)]
///     pub verify: Verify,
///     /// The name to expect, if it is not the host's.
///     #[setting(alias = "sni")]
///     pub server_name: Option<String>,
/// }
///
/// assert_eq!(Tls::default().verify, Verify::Full);
/// ```
#[proc_macro_derive(Settings, attributes(setting))]
pub fn derive_settings(item: TokenStream) -> TokenStream {
    derive::settings(item.into()).into()
}

/// Makes a struct or enum a provider of secrets that every program has which links it: `${name:reference}` in
/// configuration asks it.
///
/// It needs a `Default`, by which it is made, and an implementation of `SecretProvider`. Two providers of one name in one
/// program are an error of the linker that names the provider. Its words:
///
#[doc = include_str!("words/secret_provider.md")]
///
/// # Examples
///
/// ```
/// use connreg::{SecretError, SecretProvider, SecretValue, async_trait, secret_provider};
///
/// /// Gives every secret the same value, for demonstrations.
/// #[secret_provider(name = "demo")]
/// #[derive(Default)]
/// pub struct Demo;
///
/// #[async_trait]
/// impl SecretProvider for Demo {
///     async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
///         Ok(SecretValue::new("demo"))
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn secret_provider(args: TokenStream, item: TokenStream) -> TokenStream {
    provider::expand(args.into(), item.into()).into()
}

/// The permanent `None` of a slice, made in `connreg` itself.
#[doc(hidden)]
#[proc_macro]
pub fn __never_empty(slice: TokenStream) -> TokenStream {
    never_empty::element(slice.into()).into()
}

/// Puts the permanent `None` into the section that `linkme` names.
#[doc(hidden)]
#[proc_macro]
pub fn __section(element: TokenStream) -> TokenStream {
    never_empty::section(element.into()).into()
}
