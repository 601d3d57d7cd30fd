//! `#[secret_provider]`: the item as it is, and its entry in the link-time slice of providers.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Generics, Ident, Item};

use crate::args::Args;
use crate::errors::Errors;
use crate::model::krate;
use crate::{check, expand, keys};

/// Names that mean something else before a colon.
const BUILT_IN: [&str; 3] = ["env", "file", "command"];

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let mut words = Args::default();
    words.read(args, &keys::SECRET_PROVIDER, &errors);
    let name = name(&words, &errors);
    let ident = match syn::parse2::<Item>(item.clone()) {
        Ok(item) => declared(&item, &errors),
        // What is no item is the compiler's to explain.
        Err(_) => return item,
    };
    let entry = match (name, ident) {
        (Some(name), Some(ident)) if errors.is_empty() => {
            expand::provider(&ident, &name, &krate(&words))
        }
        _ => TokenStream::new(),
    };
    let errors = errors.into_tokens();
    quote!(#errors #item #entry)
}

fn name(words: &Args, errors: &Errors) -> Option<String> {
    let Some(written) = words.text("name") else {
        if !errors.mentions("name") {
            let message = "`name` is missing: `#[secret_provider(name = \"vault\")]`";
            errors.at_span(Span::call_site(), message);
        }
        return None;
    };
    let name = written.value();
    if BUILT_IN.contains(&name.as_str()) {
        let message = format!("the provider `{name}` is built in; give yours another name");
        errors.at(written, message);
        return None;
    }
    Some(check::type_name("name", written, errors))
}

/// The name of the type, which must be one that can be made out of nothing.
fn declared(item: &Item, errors: &Errors) -> Option<Ident> {
    let (ident, generics): (&Ident, &Generics) = match item {
        Item::Struct(item) => (&item.ident, &item.generics),
        Item::Enum(item) => (&item.ident, &item.generics),
        Item::Impl(item) => {
            let message = "write `#[secret_provider]` above the struct, not above its `impl`";
            errors.at(item.impl_token, message);
            return None;
        }
        other => {
            let start = other.to_token_stream().into_iter().next();
            errors.at(start, "`#[secret_provider]` is for a struct or an enum");
            return None;
        }
    };
    if generics.params.is_empty() {
        return Some(ident.clone());
    }
    let message =
        "a linked provider has no generic parameters; hand it in with `Builder::secret_provider`";
    errors.at(generics, message);
    None
}
