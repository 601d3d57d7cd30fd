#[derive(::connreg::private::__Connection)]
#[__connreg(
    type = "thing",
    category = "db",
    aliases("thingy"),
    section("external.thing"),
    provides(KeyValue),
    validate = check
)]
/// A thing.
///
/// It has settings.
///
/// <!-- connreg: settings -->
///
/// # Settings
///
/// | setting | type | default | meaning |
/// |---|---|---|---|
/// | `host` | text | `localhost` | Where it is. Also `server`. Environment: `THING_HOST`. |
/// | `port` | integer | `5432` | Which door. Range: `1..=65535`. |
/// | `timeout` | duration | `30s` | How long. Range: `1ms..=10min`. |
/// | `password` | secret | required | The word. Length: at least 8. |
/// | `headers` | map of text | empty | Headers. |
/// | `mode` | `Mode` | `Mode::ReadOnly` | How. |
#[cfg_attr(
    feature = "extra",
    doc = " | (those of `Extra`) | `Extra` |  | There with the feature only. |"
)]
pub struct Thing {
    /// Where it is.
    #[setting(default = "localhost", alias = "server", env = "THING_HOST")]
    pub host: String,
    /// Which door.
    #[setting(default = 5432, range = 1..= 65535)]
    pub port: u16,
    /// How long.
    #[setting(default = "30s", range = "1ms..=10min")]
    pub timeout: Option<Duration>,
    /// The word.
    #[setting(min_len = 8)]
    pub password: Secret,
    /// Headers.
    #[setting(default, secret)]
    pub headers: HashMap<String, String>,
    /// How.
    #[setting(default = Mode::ReadOnly)]
    pub mode: Mode,
    /// There with the feature only.
    #[cfg(feature = "extra")]
    #[setting(flatten)]
    pub extra: Extra,
}
const _: () = {
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::clone::Clone for Thing {
        fn clone(&self) -> Self {
            Self {
                host: <String as ::core::clone::Clone>::clone(&self.host),
                port: <u16 as ::core::clone::Clone>::clone(&self.port),
                timeout: <Option<
                    Duration,
                > as ::core::clone::Clone>::clone(&self.timeout),
                password: <Secret as ::core::clone::Clone>::clone(&self.password),
                headers: <HashMap<
                    String,
                    String,
                > as ::core::clone::Clone>::clone(&self.headers),
                mode: <Mode as ::core::clone::Clone>::clone(&self.mode),
                extra: <Extra as ::core::clone::Clone>::clone(&self.extra),
            }
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::core::fmt::Debug for Thing {
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            formatter
                .debug_struct("Thing")
                .field(
                    "host",
                    &<String as ::connreg::private::SettingValue>::shown(&self.host),
                )
                .field(
                    "port",
                    &<u16 as ::connreg::private::SettingValue>::shown(&self.port),
                )
                .field(
                    "timeout",
                    &<Option<
                        Duration,
                    > as ::connreg::private::SettingValue>::shown(&self.timeout),
                )
                .field(
                    "password",
                    &<Secret as ::connreg::private::SettingValue>::shown(&self.password),
                )
                .field("headers", &::core::format_args!("[redacted]"))
                .field(
                    "mode",
                    &<Mode as ::connreg::private::SettingValue>::shown(&self.mode),
                )
                .field("extra", &self.extra)
                .finish()
        }
    }
    #[automatically_derived]
    #[allow(deprecated, unused_qualifications)]
    impl ::connreg::private::Settings for Thing {
        const FIELDS: &'static [::connreg::private::Field] = &[
            ::connreg::private::Field {
                aliases: &["server"],
                doc: "Where it is.",
                default: ::core::option::Option::Some("localhost"),
                required: false,
                env: ::core::option::Option::Some("THING_HOST"),
                ..::connreg::private::Field::new(
                    "host",
                    <String as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "Which door.",
                default: ::core::option::Option::Some("5432"),
                required: false,
                range: ::core::option::Option::Some("1..=65535"),
                ..::connreg::private::Field::new(
                    "port",
                    <u16 as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "How long.",
                default: ::core::option::Option::Some("30s"),
                required: false,
                range: ::core::option::Option::Some("1ms..=10min"),
                ..::connreg::private::Field::new(
                    "timeout",
                    <Option<Duration> as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "The word.",
                required: !<Secret as ::connreg::private::SettingValue>::OPTIONAL,
                min_len: ::core::option::Option::Some(8),
                ..::connreg::private::Field::new(
                    "password",
                    <Secret as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "Headers.",
                default: <HashMap<
                    String,
                    String,
                > as ::connreg::private::SettingValue>::DEFAULT,
                required: false,
                secret: true,
                ..::connreg::private::Field::new(
                    "headers",
                    <HashMap<String, String> as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "How.",
                default: ::connreg::private::word(
                    &<Mode as ::connreg::private::SettingValue>::SHAPE,
                    "ReadOnly",
                ),
                required: false,
                ..::connreg::private::Field::new(
                    "mode",
                    <Mode as ::connreg::private::SettingValue>::SHAPE,
                )
            },
            ::connreg::private::Field {
                doc: "There with the feature only.",
                flatten: true,
                ..::connreg::private::Field::new(
                    "extra",
                    ::connreg::private::Shape::Table(
                        <Extra as ::connreg::private::Settings>::FIELDS,
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
                >>::from("localhost"))
                .get();
            let field_1 = <u16 as ::connreg::private::SettingValue>::begin(
                    table,
                    &<Self as ::connreg::private::Settings>::FIELDS[1usize],
                )
                .default(|| 5432)
                .range(&(1..=65535))
                .get();
            let field_2 = <Option<
                Duration,
            > as ::connreg::private::SettingValue>::begin(
                    table,
                    &<Self as ::connreg::private::Settings>::FIELDS[2usize],
                )
                .default(|| ::core::option::Option::Some(
                    ::core::time::Duration::new(30, 0),
                ))
                .range(
                    &(::core::time::Duration::new(
                        0,
                        1000000,
                    )..=::core::time::Duration::new(600, 0)),
                )
                .get();
            let field_3 = <Secret as ::connreg::private::SettingValue>::begin(
                    table,
                    &<Self as ::connreg::private::Settings>::FIELDS[3usize],
                )
                .length()
                .get();
            let field_4 = <HashMap<
                String,
                String,
            > as ::connreg::private::SettingValue>::begin(
                    table,
                    &<Self as ::connreg::private::Settings>::FIELDS[4usize],
                )
                .default(|| <HashMap<
                    String,
                    String,
                > as ::core::default::Default>::default())
                .get();
            let field_5 = <Mode as ::connreg::private::SettingValue>::begin(
                    table,
                    &<Self as ::connreg::private::Settings>::FIELDS[5usize],
                )
                .default(|| Mode::ReadOnly)
                .get();
            let field_6 = <Extra as ::connreg::private::Settings>::read(table);
            let value = Self {
                host: field_0?,
                port: field_1?,
                timeout: field_2?,
                password: field_3?,
                headers: field_4?,
                mode: field_5?,
                extra: field_6?,
            };
            table.validate(value, |value| check(value))
        }
    }
    const _: () = {
        const CONNREG_FIELDS: &'static [::connreg::private::Field] = <Thing as ::connreg::private::Settings>::FIELDS;
        ::connreg::private::check_flattened_connection(CONNREG_FIELDS)
    };
    static CONNREG_DESCRIPTOR: ::connreg::private::Descriptor = ::connreg::private::Descriptor::of::<
        Thing,
    >(::connreg::private::Declaration {
        name: "thing",
        category: "db",
        aliases: &["thingy"],
        sections: &["external.thing"],
        doc: "A thing.\n\nIt has settings.",
        provides: &[
            ::connreg::private::Provided::new(
                "KeyValue",
                &::connreg::private::View::<Thing, dyn KeyValue>(|client| { client }),
            ),
        ],
        rust_name: "Thing",
        package: ::core::env!("CARGO_PKG_NAME"),
        version: ::core::env!("CARGO_PKG_VERSION"),
        file: ::core::file!(),
        line: ::core::line!(),
    });
    #[automatically_derived]
    impl ::connreg::private::Declared for Thing {
        const DESCRIPTOR: &'static ::connreg::private::Descriptor = &CONNREG_DESCRIPTOR;
    }
    const _: () = {
        #[::connreg::private::linkme::distributed_slice(
            ::connreg::private::CONNREG_0_1_TYPES
        )]
        #[linkme(crate = ::connreg::private::linkme)]
        static CONNREG_ELEMENT: ::core::option::Option<
            &'static ::connreg::private::Descriptor,
        > = ::core::option::Option::Some(&CONNREG_DESCRIPTOR);
        #[cfg(not(test))]
        #[used]
        #[unsafe(export_name = "connreg_0_1_connection_type_thing_is_defined_twice")]
        static CONNREG_GUARD: ::core::primitive::u8 = 0;
    };
};
#[allow(dead_code)]
impl Thing {
    ///The connection type `thing`.
    pub const TYPE: ::connreg::ConnectionType = ::connreg::ConnectionType::of(
        <Self as ::connreg::private::Declared>::DESCRIPTOR,
    );
}
