//! Stand-ins emitted beside errors, so that one mistake does not cause twenty. Nothing of this ever runs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Path};

/// Stand-ins for all that `#[connection]` makes.
pub(crate) fn connection(input: &DeriveInput, krate: &Path) -> TokenStream {
    let table = table(input, krate);
    let (ident, vis) = (&input.ident, &input.vis);
    let (generics, arguments, _) = input.generics.split_for_impl();
    quote! {
        const _: () = {
            #table
            impl #generics #krate::private::Declared for #ident #arguments
            where
                Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
            {
                const DESCRIPTOR: &'static #krate::private::Descriptor = #krate::private::UNDECLARED;
            }
        };
        #[allow(dead_code, missing_docs)]
        impl #generics #ident #arguments {
            #vis const TYPE: #krate::ConnectionType = #krate::ConnectionType::of(#krate::private::UNDECLARED);
        }
    }
}

/// Stand-ins for all that `#[derive(Settings)]` makes.
pub(crate) fn settings(input: &DeriveInput, krate: &Path) -> TokenStream {
    let table = match input.data {
        Data::Struct(_) => table(input, krate),
        _ => TokenStream::new(),
    };
    let ident = &input.ident;
    let (generics, arguments, _) = input.generics.split_for_impl();
    quote! {
        const _: () = {
            #table
            impl #generics #krate::private::SettingValue for #ident #arguments {
                const SHAPE: #krate::private::Shape = #krate::private::Shape::Any;
                fn parse(_: &#krate::private::Node, _: &mut #krate::private::ReadContext<'_>) -> ::core::option::Option<Self> {
                    ::core::option::Option::None
                }
                fn show(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::result::Result::Ok(())
                }
            }
        };
    }
}

fn table(input: &DeriveInput, krate: &Path) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, _) = input.generics.split_for_impl();
    quote! {
        impl #generics ::core::clone::Clone for #ident #arguments {
            fn clone(&self) -> Self {
                ::core::unreachable!()
            }
        }
        impl #generics ::core::fmt::Debug for #ident #arguments {
            fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::unreachable!()
            }
        }
        impl #generics ::core::default::Default for #ident #arguments {
            fn default() -> Self {
                ::core::unreachable!()
            }
        }
        impl #generics #krate::private::Settings for #ident #arguments {
            const FIELDS: &'static [#krate::private::Field] = &[];
            fn read(_: &mut #krate::private::TableReader<'_, '_>) -> ::core::option::Option<Self> {
                ::core::option::Option::None
            }
        }
    }
}
