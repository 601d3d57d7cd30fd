//! `Clone`, a `Debug` that never shows a secret, and `Default` where every field has one.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::local;
use super::settings::default;
use crate::model::{Setting, Table};

pub(super) fn standard(table: &Table) -> TokenStream {
    let (clone, debug, default) = (clone(table), debug(table), default_impl(table));
    quote!(#clone #debug #default)
}

fn clone(table: &Table) -> TokenStream {
    let (ident, this) = (&table.ident, local("self"));
    let fields = table.settings.iter().map(|setting| {
        let (name, ty) = (&setting.ident, &setting.ty);
        quote!(#name: <#ty as ::core::clone::Clone>::clone(&#this.#name))
    });
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::core::clone::Clone for #ident {
            fn clone(&#this) -> Self {
                Self { #(#fields),* }
            }
        }
    }
}

fn debug(table: &Table) -> TokenStream {
    let (ident, this) = (&table.ident, local("self"));
    let name = ident.unraw().to_string();
    let fields = table.settings.iter().map(|setting| {
        let label = setting.ident.unraw().to_string();
        let shown = shown(setting, &table.krate);
        quote!(.field(#label, &#shown))
    });
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&#this, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.debug_struct(#name)#(#fields)*.finish()
            }
        }
    }
}

fn shown(setting: &Setting, krate: &syn::Path) -> TokenStream {
    let (name, ty, this) = (&setting.ident, &setting.ty, local("self"));
    if setting.secret {
        quote!(::core::format_args!("[redacted]"))
    } else if setting.serde || setting.flatten {
        quote!(#this.#name)
    } else {
        let span = ty.span();
        quote_spanned! {span=> <#ty as #krate::private::SettingValue>::shown(&#this.#name) }
    }
}

fn default_impl(table: &Table) -> TokenStream {
    if !table.has_default() {
        return TokenStream::new();
    }
    let ident = &table.ident;
    let fields = table.settings.iter().map(|setting| {
        let name = &setting.ident;
        let value = default(setting).unwrap_or_else(|| quote!(::core::option::Option::None));
        quote!(#name: #value)
    });
    quote! {
        #[automatically_derived]
        #[allow(deprecated, unused_qualifications)]
        impl ::core::default::Default for #ident {
            fn default() -> Self {
                Self { #(#fields),* }
            }
        }
    }
}
