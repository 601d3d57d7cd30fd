#[derive(elsewhere::connreg::private::__Connection)]
#[__connreg(type = "memory", category = "db", crate = elsewhere::connreg)]
///
/// <!-- connreg: settings -->
///
/// It has no settings of its own.
struct Memory;
const _: () = {
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::clone::Clone for Memory {
        fn clone(&self) -> Self {
            Self {}
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::fmt::Debug for Memory {
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            formatter.debug_struct("Memory").finish()
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::default::Default for Memory {
        fn default() -> Self {
            Self {}
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl elsewhere::connreg::private::Settings for Memory {
        const FIELDS: &'static [elsewhere::connreg::private::Field] = &[];
        fn read(
            table: &mut elsewhere::connreg::private::TableReader<'_, '_>,
        ) -> ::core::option::Option<Self> {
            let value = Self {};
            ::core::option::Option::Some(value)
        }
    }
    static CONNREG_DESCRIPTOR: elsewhere::connreg::private::Descriptor = elsewhere::connreg::private::Descriptor::of::<
        Memory,
    >(elsewhere::connreg::private::Declaration {
        name: "memory",
        category: "db",
        aliases: &[],
        sections: &[],
        doc: "",
        provides: &[],
        rust_name: "Memory",
        package: ::core::env!("CARGO_PKG_NAME"),
        version: ::core::env!("CARGO_PKG_VERSION"),
        file: ::core::file!(),
        line: ::core::line!(),
    });
    #[automatically_derived]
    impl elsewhere::connreg::private::Declared for Memory {
        const DESCRIPTOR: &'static elsewhere::connreg::private::Descriptor = &CONNREG_DESCRIPTOR;
    }
    const _: () = {
        #[elsewhere::connreg::private::linkme::distributed_slice(
            elsewhere::connreg::private::CONNREG_0_1_TYPES
        )]
        #[linkme(crate = elsewhere::connreg::private::linkme)]
        static CONNREG_ELEMENT: ::core::option::Option<
            &'static elsewhere::connreg::private::Descriptor,
        > = ::core::option::Option::Some(&CONNREG_DESCRIPTOR);
        #[cfg(not(test))]
        #[used]
        #[unsafe(export_name = "connreg_0_1_connection_type_memory_is_defined_twice")]
        static CONNREG_GUARD: ::core::primitive::u8 = 0;
    };
};
#[allow(dead_code)]
impl Memory {
    ///The connection type `memory`.
    const TYPE: elsewhere::connreg::ConnectionType = elsewhere::connreg::ConnectionType::of(
        <Self as elsewhere::connreg::private::Declared>::DESCRIPTOR,
    );
}
