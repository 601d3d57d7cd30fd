//! Local items with the names of everything that generated code might say without a path.
#![allow(non_camel_case_types, missing_debug_implementations)]

use ::renamed::{Settings, connection};

macro_rules! shadow {
    ($($name:ident)*) => {$(
        /// In the way.
        pub struct $name;
    )*};
}

shadow! {
    Arc Box Clone Copy Debug Default Display Err Formatter From Into None Ok Option Result Send Some String Sync Vec
    bool str u8 usize core std renamed connreg linkme
}

macro_rules! in_the_way {
    ($($name:ident)*) => {$(
        /// In the way.
        #[macro_export]
        #[doc(hidden)]
        macro_rules! $name {
            () => {
                ::core::compile_error!("the wrong macro")
            };
        }
        #[allow(unused_imports)]
        use $name;
    )*};
}

in_the_way! { env file line format_args unreachable concat stringify }

/// One word.
#[derive(Settings)]
#[setting(crate = ::renamed)]
pub enum Word {
    /// The only one.
    Only,
}

impl ::core::clone::Clone for Word {
    fn clone(&self) -> Self {
        match self {
            Self::Only => Self::Only,
        }
    }
}

/// A nested table.
#[derive(Settings)]
#[setting(crate = ::renamed)]
pub struct Nested {
    /// A number.
    #[setting(default = 1, range = 1..=2)]
    pub number: ::core::primitive::u16,
}

/// A type among all of these.
#[connection(type = "shadowed", category = "hygiene", crate = ::renamed)]
pub struct Shadowed {
    /// Where it is.
    #[setting(default = "localhost", one_of = ["localhost", "elsewhere"])]
    pub host: ::std::string::String,
    /// Perhaps a text.
    pub text: ::std::option::Option<::std::string::String>,
    /// How long.
    #[setting(default = "1s", range = "1s..")]
    pub time: ::std::time::Duration,
    /// A word.
    #[setting(default = Word::Only)]
    pub word: Word,
    /// Some numbers.
    #[setting(default)]
    pub list: ::std::vec::Vec<::core::primitive::u16>,
    /// More.
    pub nested: Nested,
}

backend!(Shadowed);
