//! `connection_enum!`: a closed set of connection types, for an exhaustive `match`.
//!
//! The open set, whatever is linked, is [`ConnectionType`].

use crate::config::tree::same_name;
use crate::error::{Error, ErrorKind};
use crate::nearest::nearest;
use crate::registry::ConnectionType;

/// Makes an enum whose variants are connection types, for code that wants the compiler to check that none is forgotten.
///
/// Each entry is a struct annotated with [`#[connection]`](macro@crate::connection), by name or by path; the variant is called
/// like the struct. Entries may have documentation and `#[cfg]`s.
///
/// The enum has `ALL`, `connection_type()`, `Display` (the type's name), `FromStr` (names and aliases, without regard to case,
/// `_` and `-`), `From` into [`ConnectionType`] and `TryFrom` back, and `Clone`, `Copy`, `Debug`, `Eq`, `Hash`.
///
/// # Examples
///
/// ```
/// mod hot {
///     # use connreg::{Backend, ConnectError, Context};
///     /// A cache.
///     #[connreg::connection(type = "cache", category = "example", aliases("fast-cache"))]
///     pub struct Cache {}
///     # impl Backend for Cache {
///     #     type Client = ();
///     #     async fn connect(&self, _: &Context) -> Result<(), ConnectError> { Ok(()) }
///     #     async fn check(_: &()) -> Result<(), ConnectError> { Ok(()) }
///     # }
/// }
/// # use connreg::{Backend, ConnectError, Context};
///
/// /// An archive.
/// #[connreg::connection(type = "archive", category = "example")]
/// pub struct Archive {}
/// # impl Backend for Archive {
/// #     type Client = ();
/// #     async fn connect(&self, _: &Context) -> Result<(), ConnectError> { Ok(()) }
/// #     async fn check(_: &()) -> Result<(), ConnectError> { Ok(()) }
/// # }
///
/// connreg::connection_enum! {
///     /// Where documents may lie.
///     pub enum Store {
///         hot::Cache,
///         /// For ever.
///         Archive,
///         #[cfg(feature = "tape")]
///         tape::Tape,
///     }
/// }
///
/// fn days_kept(store: Store) -> u32 {
///     match store {
///         Store::Cache => 1,
///         Store::Archive => 3650,
///     }
/// }
///
/// assert_eq!(days_kept("FastCache".parse()?), 1);
/// assert_eq!(Store::ALL, [Store::Cache, Store::Archive]);
/// assert_eq!(Store::Archive.connection_type(), Archive::TYPE);
/// assert_eq!(Store::try_from(hot::Cache::TYPE)?.to_string(), "cache");
/// # Ok::<_, connreg::Error>(())
/// ```
#[macro_export]
macro_rules! connection_enum {
    ($(#[$($meta:tt)*])* $vis:vis enum $name:ident { $($entries:tt)* }) => {
        $crate::__connection_enum_entries! {
            { $(#[$($meta)*])* $vis enum $name } [] {[] []} $($entries)*
        }
    };
}

/// Takes the entries apart, one attribute or one path at a time: `{ enum } [entries read] {[cfgs] [other attributes]} rest`.
#[doc(hidden)]
#[macro_export]
macro_rules! __connection_enum_entries {
    // All are read.
    ({ $(#[$($meta:tt)*])* $vis:vis enum $name:ident }
     [$({ [$($cfg:tt)*] [$($attribute:tt)*] $variant:ident [$($path:tt)*] })*] {[] []}
    ) => {
        $(#[$($meta)*])*
        #[derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::fmt::Debug,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
            ::core::hash::Hash,
        )]
        $vis enum $name {
            $(
                $($cfg)*
                #[doc = ::core::concat!("The connection type of `", ::core::stringify!($($path)*), "`.")]
                #[doc = ""]
                $($attribute)*
                $variant,
            )*
        }

        #[allow(dead_code)]
        impl $name {
            /// Every one of them, in the order of declaration.
            $vis const ALL: &'static [Self] = &[$($($cfg)* Self::$variant,)*];

            /// The connection type that it stands for.
            $vis const fn connection_type(self) -> $crate::ConnectionType {
                match self {
                    $($($cfg)* Self::$variant => $crate::ConnectionType::of(<$($path)* as $crate::private::Declared>::DESCRIPTOR),)*
                }
            }
        }

        impl ::core::convert::From<$name> for $crate::ConnectionType {
            fn from(variant: $name) -> Self {
                variant.connection_type()
            }
        }

        impl ::core::convert::TryFrom<$crate::ConnectionType> for $name {
            type Error = $crate::Error;

            fn try_from(
                kind: $crate::ConnectionType,
            ) -> ::core::result::Result<Self, $crate::Error> {
                $crate::private::variant_of_type(
                    ::core::stringify!($name),
                    Self::ALL,
                    Self::connection_type,
                    kind,
                )
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(
                text: &::core::primitive::str,
            ) -> ::core::result::Result<Self, $crate::Error> {
                $crate::private::variant_of_name(
                    ::core::stringify!($name),
                    Self::ALL,
                    Self::connection_type,
                    text,
                )
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.connection_type(), formatter)
            }
        }
    };
    // A condition: it stands wherever the variant is named.
    ($enum:tt $done:tt {[$($cfg:tt)*] $attributes:tt} #[cfg $condition:tt] $($rest:tt)*) => {
        $crate::__connection_enum_entries! {
            $enum $done {[$($cfg)* #[cfg $condition]] $attributes} $($rest)*
        }
    };
    // Any other attribute: it stands on the variant.
    ($enum:tt $done:tt {$cfg:tt [$($attribute:tt)*]} #[$($another:tt)*] $($rest:tt)*) => {
        $crate::__connection_enum_entries! {
            $enum $done {$cfg [$($attribute)* #[$($another)*]]} $($rest)*
        }
    };
    // A path: its last segment is the variant.
    ($enum:tt $done:tt {$cfg:tt $attributes:tt} $($segment:ident)::+ $(, $($rest:tt)*)?) => {
        $crate::__connection_enum_entries! {
            @last $enum $done {$cfg $attributes} [$($segment)::+] [$($segment)+] $($($rest)*)?
        }
    };
    ($enum:tt $done:tt {$cfg:tt $attributes:tt} :: $($segment:ident)::+ $(, $($rest:tt)*)?) => {
        $crate::__connection_enum_entries! {
            @last $enum $done {$cfg $attributes} [:: $($segment)::+] [$($segment)+] $($($rest)*)?
        }
    };
    (@last $enum:tt [$($done:tt)*] {$cfg:tt $attributes:tt} $path:tt [$last:ident] $($rest:tt)*) => {
        $crate::__connection_enum_entries! {
            $enum [$($done)* { $cfg $attributes $last $path }] {[] []} $($rest)*
        }
    };
    (@last $enum:tt $done:tt $attributes:tt $path:tt [$first:ident $($more:ident)+] $($rest:tt)*) => {
        $crate::__connection_enum_entries! {
            @last $enum $done $attributes $path [$($more)+] $($rest)*
        }
    };
    ($enum:tt $done:tt $attributes:tt $wrong:tt $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "expected the name of a struct annotated with `#[connection]`, or a path to one, found `",
            ::core::stringify!($wrong),
            "`",
        ));
    };
}

/// The variant for `kind` in an enum that `connection_enum!` made.
///
/// # Errors
///
/// The enum has none; the message names those that it has.
pub fn variant_of_type<V: Copy>(
    name: &str,
    all: &[V],
    kind_of: fn(V) -> ConnectionType,
    kind: ConnectionType,
) -> Result<V, Error> {
    let found = all
        .iter()
        .copied()
        .find(|variant| kind_of(*variant) == kind);
    found.ok_or_else(|| {
        let message = format!("the connection type `{kind}` is not in `{name}`");
        Error::usage(ErrorKind::WrongType, message, Some(known(all, kind_of)))
    })
}

/// The variant whose type answers to `text` in an enum that `connection_enum!` made.
///
/// # Errors
///
/// None does; the message names the nearest, or those that there are.
pub fn variant_of_name<V: Copy>(
    name: &str,
    all: &[V],
    kind_of: fn(V) -> ConnectionType,
    text: &str,
) -> Result<V, Error> {
    let names =
        |kind: ConnectionType| std::iter::once(kind.name()).chain(kind.aliases().iter().copied());
    let found = all
        .iter()
        .copied()
        .find(|variant| names(kind_of(*variant)).any(|name| same_name(name, text)));
    found.ok_or_else(|| {
        let message = format!("`{name}` has no connection type `{text}`");
        let known = known(all, kind_of);
        let help = match nearest(
            text,
            all.iter().flat_map(|variant| names(kind_of(*variant))),
        ) {
            Some(near) => format!("did you mean `{near}`? {known}"),
            None => known,
        };
        Error::usage(ErrorKind::NotFound, message, Some(help))
    })
}

fn known<V: Copy>(all: &[V], kind_of: fn(V) -> ConnectionType) -> String {
    let names: Vec<_> = all.iter().map(|variant| kind_of(*variant).name()).collect();
    if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", names.join(", "))
    }
}
