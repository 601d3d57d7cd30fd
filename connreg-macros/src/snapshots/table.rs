const _: () = {
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::clone::Clone for Login {
        fn clone(&self) -> Self {
            Self {
                user: <String as ::core::clone::Clone>::clone(&self.user),
                place: <Option<Place> as ::core::clone::Clone>::clone(&self.place),
                tuning: <Tuning as ::core::clone::Clone>::clone(&self.tuning),
            }
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::fmt::Debug for Login {
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            formatter
                .debug_struct("Login")
                .field(
                    "user",
                    &<String as ::connreg::private::SettingValue>::shown(&self.user),
                )
                .field("place", &self.place)
                .field("tuning", &self.tuning)
                .finish()
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::default::Default for Login {
        fn default() -> Self {
            Self {
                user: <::std::string::String as ::core::convert::From<
                    _,
                >>::from("nobody"),
                place: ::core::option::Option::None,
                tuning: <Tuning as ::core::default::Default>::default(),
            }
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::connreg::private::Settings for Login {
        const FIELDS: &'static [::connreg::private::Field] = &[
            ::connreg::private::Field {
                doc: "Who.",
                default: ::core::option::Option::Some("nobody"),
                required: false,
                one_of: &["nobody", "me"],
                ..::connreg::private::Field::new(
                    "user",
                    <String as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "Where.",
                required: false,
                ..::connreg::private::Field::new("place", ::connreg::private::Shape::Any)
            },
            ::connreg::private::Field {
                required: false,
                flatten: true,
                ..::connreg::private::Field::new(
                    "tuning",
                    ::connreg::private::Shape::Table(
                        <Tuning as ::connreg::private::Settings>::FIELDS,
                    ),
                )
            },
        ];
        fn read(
            table: &mut ::connreg::private::TableReader<'_, '_>,
        ) -> ::core::option::Option<Self> {
            let field_0 = <String as ::connreg::private::SettingValue>::begin(
                    table,
                    &<Self as ::connreg::private::Settings>::FIELDS[0usize],
                )
                .default(|| <::std::string::String as ::core::convert::From<
                    _,
                >>::from("nobody"))
                .one_of()
                .validate(|value| known(value))
                .get();
            let field_1 = table
                .serde_field::<
                    Option<Place>,
                >(&<Self as ::connreg::private::Settings>::FIELDS[1usize])
                .default(|| ::core::option::Option::None)
                .get();
            let field_2 = <Tuning as ::connreg::private::Settings>::read(table);
            let value = Self {
                user: field_0?,
                place: field_1?,
                tuning: field_2?,
            };
            table.validate(value, |value| check(value))
        }
    }
    const _: () = {
        const CONNREG_FIELDS: &'static [::connreg::private::Field] = <Login as ::connreg::private::Settings>::FIELDS;
        ::connreg::private::check_flattened(CONNREG_FIELDS)
    };
    #[automatically_derived]
    impl ::connreg::private::SettingValue for Login {
        const SHAPE: ::connreg::private::Shape = ::connreg::private::Shape::Table(
            <Self as ::connreg::private::Settings>::FIELDS,
        );
        const OPTIONAL: ::core::primitive::bool = true;
        fn absent() -> ::core::option::Option<Self> {
            ::core::option::Option::Some(<Self as ::core::default::Default>::default())
        }
        fn parse(
            node: &::connreg::private::Node,
            context: &mut ::connreg::private::ReadContext<'_>,
        ) -> ::core::option::Option<Self> {
            context.table(node)
        }
        fn show(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::core::fmt::Debug::fmt(self, formatter)
        }
    }
};
