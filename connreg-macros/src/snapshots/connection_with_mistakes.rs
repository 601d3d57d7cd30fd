::core::compile_error! {
    "`#[connection]` implements `Clone` itself; remove it here"
}
#[derive(::connreg::private::__Connection)]
#[__connreg(type = "Thing", categroy = "db")]
#[derive(PartialEq)]
///
/// <!-- connreg: settings -->
///
/// # Settings
///
/// | setting | type | default | meaning |
/// |---|---|---|---|
/// | `number` | integer | required |  |
/// | `pool` | integer | required |  |
pub struct Thing {
    #[setting(default = "many")]
    pub number: u8,
    pool: u8,
}
::core::compile_error! {
    "unknown word `categroy` in `#[connection]`: did you mean `category`?"
}
::core::compile_error! {
    "`type` is made of small letters, digits, `_` and `-`, beginning with a letter or digit; write `thing`"
}
::core::compile_error! {
    "the default of a `u8` is a whole number, such as `1`"
}
::core::compile_error! {
    "`pool` is a setting that every connection has; read it from `Context`, or choose another name"
}
const _: () = {
    impl ::core::clone::Clone for Thing {
        fn clone(&self) -> Self {
            ::core::unreachable!()
        }
    }
    impl ::core::fmt::Debug for Thing {
        fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            ::core::unreachable!()
        }
    }
    impl ::core::default::Default for Thing {
        fn default() -> Self {
            ::core::unreachable!()
        }
    }
    impl ::connreg::private::Settings for Thing {
        const FIELDS: &'static [::connreg::private::Field] = &[];
        fn read(
            _: &mut ::connreg::private::TableReader<'_, '_>,
        ) -> ::core::option::Option<Self> {
            ::core::option::Option::None
        }
    }
    impl ::connreg::private::Declared for Thing
    where
        Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
            + 'static,
    {
        const DESCRIPTOR: &'static ::connreg::private::Descriptor = ::connreg::private::UNDECLARED;
    }
};
#[allow(dead_code, missing_docs)]
impl Thing {
    pub const TYPE: ::connreg::ConnectionType = ::connreg::ConnectionType::of(
        ::connreg::private::UNDECLARED,
    );
}
