//! A slice's permanent element: an empty slice makes some linkers fail.
//!
//! In the crate that declares a slice, `linkme`'s own element attribute counts as unsafe code of that crate, since the
//! `macro_rules` behind it is local. So the section attributes are written here, where they are a foreign macro's.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, ItemStatic, Token, bracketed};

/// The element, handed to the slice, which hands it on with the names of its sections. `input` is the slice and what its
/// elements refer to.
pub(crate) fn element(input: TokenStream) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let slice: Ident = input.parse()?;
        input.parse::<Token![,]>()?;
        let entry: Ident = input.parse()?;
        Ok(quote! {
            const _: () = {
                #slice! {
                    #![linkme_macro = ::connreg_macros::__section]
                    static CONNREG_NEVER_EMPTY: ::core::option::Option<&'static ::connreg::private::#entry> =
                        ::core::option::Option::None;
                }
            };
        })
    };
    parser
        .parse2(input)
        .unwrap_or_else(|error| error.to_compile_error())
}

/// The element with its attributes. `input` is `#![linkme_linux_section = "…"] … static …`.
pub(crate) fn section(input: TokenStream) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let mut attributes = TokenStream::new();
        while input.peek(Token![#]) && input.peek2(Token![!]) {
            let content;
            input.parse::<Token![#]>()?;
            input.parse::<Token![!]>()?;
            bracketed!(content in input);
            let platform: Ident = content.parse()?;
            content.parse::<Token![=]>()?;
            let section: Expr = content.parse()?;
            let targets = targets(&platform)?;
            attributes.extend(quote!(#[cfg_attr(any(#targets), unsafe(link_section = #section))]));
        }
        let element: ItemStatic = input.parse()?;
        Ok(quote!(#[used] #attributes #element))
    };
    parser
        .parse2(input)
        .unwrap_or_else(|error| error.to_compile_error().into_token_stream())
}

/// The targets that `linkme` means by the name of an attribute.
fn targets(platform: &Ident) -> syn::Result<TokenStream> {
    let names: &[&str] = match platform.to_string().as_str() {
        "linkme_linux_section" => &["none", "linux", "android", "fuchsia", "psp"],
        "linkme_macho_section" => &["macos", "ios", "tvos"],
        "linkme_windows_section" => &["uefi", "windows"],
        "linkme_illumos_section" => &["illumos"],
        "linkme_bsd_section" => &["freebsd", "openbsd"],
        other => {
            return Err(syn::Error::new(
                platform.span(),
                format!("unknown section `{other}`"),
            ));
        }
    };
    Ok(quote!(#(target_os = #names),*))
}
