//! Types that a `macro_rules` macro writes, from fragments of every kind.

use ::renamed::{Settings, connection};
use ::std::option::Option;
use ::std::string::String;

macro_rules! types {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident($type_name:literal) {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty = $default:expr, in $low:literal to $high:expr;)*
    })*) => {$(
        $(#[$meta])*
        #[connection(type = $type_name, category = "hygiene", crate = ::renamed)]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                #[setting(default = $default, range = $low..=$high)]
                pub $field: $ty,
            )*
            /// The same in each.
            #[setting(default = "both")]
            pub shared: String,
            /// Perhaps.
            pub perhaps: Option<$($ty)*>,
        }

        backend!($name);
    )*};
}

types! {
    /// The first of two.
    pub struct First("macro_first") {
        /// A number.
        number: u16 = 80, in 1 to 100 + 28;
    }

    /// The second of two.
    pub struct Second("macro_second") {
        /// A number.
        number: f64 = 0.25, in 0.0 to 1.0;
    }
}

macro_rules! table {
    ($krate:path, $name:ident, $word:ident) => {
        /// A table.
        #[derive(Settings)]
        #[setting(crate = $krate)]
        pub struct $name {
            /// A word.
            #[setting(alias = "other")]
            pub $word: String,
        }
    };
}

table!(::renamed, Table, word);
