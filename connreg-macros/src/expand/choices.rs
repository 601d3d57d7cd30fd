//! `SettingValue` for a unit enum: its variants are words.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use crate::model::Choices;

pub(crate) fn choices(choices: &Choices) -> TokenStream {
    let (ident, krate) = (&choices.ident, &choices.krate);
    let descriptions = choices.words.iter().map(|choice| {
        let (name, doc) = (&choice.name.0, &choice.doc);
        let variant = choice.variant.unraw().to_string();
        let aliases = choice.aliases.iter().map(|(alias, _)| alias);
        quote!(#krate::private::Choice { name: #name, variant: #variant, aliases: &[#(#aliases),*], doc: #doc })
    });
    let default = choices.words.iter().find(|choice| choice.is_default).map(|choice| {
        let name = &choice.name.0;
        quote! {
            const DEFAULT: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::Some(#name);
        }
    });
    let parsed = choices.words.iter().enumerate().map(|(index, choice)| {
        let (index, variant) = (Literal::usize_unsuffixed(index), &choice.variant);
        quote!(#index => ::core::option::Option::Some(Self::#variant))
    });
    let shown = choices.words.iter().map(|choice| {
        let (name, variant) = (&choice.name.0, &choice.variant);
        quote!(Self::#variant => #name)
    });
    quote! {
        const _: () = {
            #[automatically_derived]
            #[allow(deprecated)]
            impl #krate::private::SettingValue for #ident {
                const SHAPE: #krate::private::Shape = #krate::private::Shape::Choice(&[#(#descriptions),*]);
                #default

                fn parse(
                    node: &#krate::private::Node,
                    context: &mut #krate::private::ReadContext<'_>,
                ) -> ::core::option::Option<Self> {
                    match #krate::private::choose::<Self>(node, context)? {
                        #(#parsed,)*
                        _ => ::core::option::Option::None,
                    }
                }

                fn show(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    formatter.write_str(match *self { #(#shown),* })
                }
            }
        };
    }
}
