//! The descriptor of a connection type or a provider of secrets, its entry in the link-time slice, the symbol that a second definition would clash with, and `TYPE`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, Path};

use super::krate_at;
use crate::model::Connection;

pub(super) fn registration(connection: &Connection) -> TokenStream {
    let (ident, krate) = (&connection.table.ident, &connection.table.krate);
    let Connection {
        name,
        category,
        aliases,
        sections,
        doc,
        ..
    } = connection;
    let rust_name = ident.unraw().to_string();
    let provides = capabilities(connection);
    let entry = entry(
        krate,
        &format!("connection_type_{name}"),
        &Slice {
            name: quote!(CONNREG_0_1_TYPES),
            entry: quote!(Descriptor),
            value: quote!(CONNREG_DESCRIPTOR),
        },
    );
    quote! {
        static CONNREG_DESCRIPTOR: #krate::private::Descriptor =
            #krate::private::Descriptor::of::<#ident>(#krate::private::Declaration {
                name: #name,
                category: #category,
                aliases: &[#(#aliases),*],
                sections: &[#(#sections),*],
                doc: #doc,
                provides: &[#(#provides),*],
                rust_name: #rust_name,
                package: ::core::env!("CARGO_PKG_NAME"),
                version: ::core::env!("CARGO_PKG_VERSION"),
                file: ::core::file!(),
                line: ::core::line!(),
            });

        #[automatically_derived]
        impl #krate::private::Declared for #ident {
            const DESCRIPTOR: &'static #krate::private::Descriptor = &CONNREG_DESCRIPTOR;
        }

        #entry
    }
}

/// A provider of secrets: what the program learns of it.
pub(crate) fn provider(ident: &Ident, name: &str, krate: &Path) -> TokenStream {
    let entry = entry(
        krate,
        &format!("secret_provider_{name}"),
        &Slice {
            name: quote!(CONNREG_0_1_SECRET_PROVIDERS),
            entry: quote!(LinkedProvider),
            value: quote!(CONNREG_PROVIDER),
        },
    );
    let krate = krate_at(krate, ident.span());
    // What the struct lacks is told at its name.
    let made = quote_spanned!(ident.span()=> #krate::private::LinkedProvider::of::<#ident>);
    quote! {
        const _: () = {
            static CONNREG_PROVIDER: #krate::private::LinkedProvider =
                #made(#krate::private::ProviderDeclaration {
                    name: #name,
                    package: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    file: ::core::file!(),
                    line: ::core::line!(),
                });
            #entry
        };
    }
}

/// A link-time slice, what its elements refer to, and the static that the new one refers to.
struct Slice {
    name: TokenStream,
    entry: TokenStream,
    value: TokenStream,
}

/// The element of the slice, and the symbol that a second definition of `what` would clash with.
fn entry(krate: &Path, what: &str, slice: &Slice) -> TokenStream {
    let guard = format!("connreg_0_1_{what}_is_defined_twice");
    let element = element(krate, slice);
    quote! {
        const _: () = {
            #element

            // A crate's own tests may link the crate twice.
            #[cfg(not(test))]
            #[used]
            #[unsafe(export_name = #guard)]
            static CONNREG_GUARD: ::core::primitive::u8 = 0;
        };
    }
}

/// One element of the slice; its spans are the macro's own, so that crates may forbid unsafe code.
fn element(krate: &Path, slice: &Slice) -> TokenStream {
    let Slice { name, entry, value } = slice;
    quote! {
        #[#krate::private::linkme::distributed_slice(#krate::private::#name)]
        #[linkme(crate = #krate::private::linkme)]
        static CONNREG_ELEMENT: ::core::option::Option<&'static #krate::private::#entry> =
            ::core::option::Option::Some(&#value);
    }
}

/// The entries for the capabilities. They stand in the descriptor itself, so that a missing back end is told once.
fn capabilities(connection: &Connection) -> impl Iterator<Item = TokenStream> {
    let (ident, krate) = (&connection.table.ident, &connection.table.krate);
    connection.provides.iter().map(move |path| {
        let name = path
            .segments
            .last()
            .map(|last| last.ident.unraw().to_string())
            .unwrap_or_default();
        // The closure's body stands at the capability's name, where a client that lacks it is told; all else at the
        // struct's name, where a missing back end is told.
        let (here, krate) = (ident.span(), krate_at(krate, ident.span()));
        let client = Ident::new("client", path.span().resolved_at(here));
        let see = quote_spanned!(here=> |#client| { #client });
        let view = quote_spanned!(here=> #krate::private::View::<#ident, dyn #path>(#see));
        quote_spanned!(here=> #krate::private::Provided::new(#name, &#view))
    })
}

/// `Postgres::TYPE`.
pub(super) fn handle(connection: &Connection) -> TokenStream {
    let (ident, krate, vis) = (
        &connection.table.ident,
        &connection.table.krate,
        &connection.vis,
    );
    let doc = format!("The connection type `{}`.", connection.name);
    quote! {
        #[allow(dead_code)]
        impl #ident {
            #[doc = #doc]
            #vis const TYPE: #krate::ConnectionType =
                #krate::ConnectionType::of(<Self as #krate::private::Declared>::DESCRIPTOR);
        }
    }
}
