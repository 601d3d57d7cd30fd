const _: () = {
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::connreg::private::SettingValue for Mode {
        const SHAPE: ::connreg::private::Shape = ::connreg::private::Shape::Choice(
            &[
                ::connreg::private::Choice {
                    name: "read_only",
                    variant: "ReadOnly",
                    aliases: &["true", "yes"],
                    doc: "Well.",
                },
                ::connreg::private::Choice {
                    name: "rw",
                    variant: "ReadWrite",
                    aliases: &[],
                    doc: "",
                },
            ],
        );
        const DEFAULT: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::Some(
            "read_only",
        );
        fn parse(
            node: &::connreg::private::Node,
            context: &mut ::connreg::private::ReadContext<'_>,
        ) -> ::core::option::Option<Self> {
            match ::connreg::private::choose::<Self>(node, context)? {
                0 => ::core::option::Option::Some(Self::ReadOnly),
                1 => ::core::option::Option::Some(Self::ReadWrite),
                _ => ::core::option::Option::None,
            }
        }
        fn show(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            formatter
                .write_str(
                    match *self {
                        Self::ReadOnly => "read_only",
                        Self::ReadWrite => "rw",
                    },
                )
        }
    }
};
