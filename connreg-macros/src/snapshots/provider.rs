/// Secrets.
#[derive(Default)]
pub struct Vault;
const _: () = {
    static CONNREG_PROVIDER: ::connreg::private::LinkedProvider = ::connreg::private::LinkedProvider::of::<
        Vault,
    >(::connreg::private::ProviderDeclaration {
        name: "vault",
        package: ::core::env!("CARGO_PKG_NAME"),
        version: ::core::env!("CARGO_PKG_VERSION"),
        file: ::core::file!(),
        line: ::core::line!(),
    });
    const _: () = {
        #[::connreg::private::linkme::distributed_slice(
            ::connreg::private::CONNREG_0_1_SECRET_PROVIDERS
        )]
        #[linkme(crate = ::connreg::private::linkme)]
        static CONNREG_ELEMENT: ::core::option::Option<
            &'static ::connreg::private::LinkedProvider,
        > = ::core::option::Option::Some(&CONNREG_PROVIDER);
        #[cfg(not(test))]
        #[used]
        #[unsafe(export_name = "connreg_0_1_secret_provider_vault_is_defined_twice")]
        static CONNREG_GUARD: ::core::primitive::u8 = 0;
    };
};
