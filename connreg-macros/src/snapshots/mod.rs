//! What the macros expand to, written out for review.
//!
//! After an intended change, `UPDATE_EXPECT=1 cargo test -p connreg-macros`, and read every difference.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Item;

use crate::{attribute, derive, provider};

fn check(expanded: TokenStream, written: &ExpectFile) {
    let file = syn::parse2(expanded).expect("expands to items");
    written.assert_eq(&prettyplease::unparse(&file));
}

/// The annotated item as the attribute emits it, followed by what its hidden derive adds.
fn connection(args: TokenStream, item: TokenStream) -> TokenStream {
    let emitted = attribute::expand(args, item);
    let file: syn::File = syn::parse2(emitted.clone()).expect("emits items");
    let annotated = file.items.iter().find_map(|item| match item {
        Item::Struct(item) => Some(item.to_token_stream()),
        _ => None,
    });
    let derived = derive::connection(annotated.expect("emits the struct again"));
    quote!(#emitted #derived)
}

#[test]
fn a_connection_type() {
    let expanded = connection(
        quote!(
            type = "thing",
            category = "db",
            aliases("thingy"),
            section("external.thing"),
            provides(KeyValue),
            validate = check
        ),
        quote! {
            /// A thing.
            ///
            /// It has settings.
            pub struct Thing {
                /// Where it is.
                #[setting(default = "localhost", alias = "server", env = "THING_HOST")]
                pub host: String,
                /// Which door.
                #[setting(default = 5432, range = 1..=65535)]
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
        },
    );
    check(expanded, &expect_file!["connection.rs"]);
}

#[test]
fn a_connection_type_without_settings() {
    let expanded = connection(
        quote!(type = "memory", category = "db", crate = elsewhere::connreg),
        quote!(
            struct Memory;
        ),
    );
    check(expanded, &expect_file!["connection_without_settings.rs"]);
}

#[test]
fn a_connection_type_with_mistakes() {
    let expanded = connection(
        quote!(type = "Thing", categroy = "db"),
        quote! {
            #[derive(Clone, PartialEq)]
            pub struct Thing {
                #[setting(default = "many")]
                pub number: u8,
                pool: u8,
            }
        },
    );
    check(expanded, &expect_file!["connection_with_mistakes.rs"]);
}

#[test]
fn a_nested_table() {
    let expanded = derive::settings(quote! {
        #[setting(validate = check)]
        pub struct Login {
            /// Who.
            #[setting(default = "nobody", one_of = ["nobody", "me"], validate = known)]
            pub user: String,
            /// Where.
            #[setting(serde)]
            pub place: Option<Place>,
            #[setting(flatten, default)]
            pub tuning: Tuning,
        }
    });
    check(expanded, &expect_file!["table.rs"]);
}

#[test]
fn a_choice() {
    let expanded = derive::settings(quote! {
        pub enum Mode {
            /// Well.
            #[default]
            #[setting(alias = "true", alias = "yes")]
            ReadOnly,
            #[setting(rename = "rw")]
            ReadWrite,
        }
    });
    check(expanded, &expect_file!["choice.rs"]);
}

#[test]
fn a_provider_of_secrets() {
    let expanded = provider::expand(
        quote!(name = "vault"),
        quote! {
            /// Secrets.
            #[derive(Default)]
            pub struct Vault;
        },
    );
    check(expanded, &expect_file!["provider.rs"]);
}
