//! `#[connection]` itself: emits the item again with the documentation of its settings and the hidden derive.
//!
//! The derive does the rest, since it sees the item after `cfg`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Attribute, Fields, Item, ItemStruct, parse_quote};

use crate::args::Args;
use crate::errors::Errors;
use crate::model::{Table, krate};
use crate::{expand, fallback, keys};

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::default();
    let written = args.clone();
    let mut words = Args::default();
    // The derive tells what is wrong here; the attribute only wants to know where the crate is.
    words.read(args, &keys::CONNECTION, &Errors::default());
    let krate = krate(&words);
    let mut item = match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Struct(item)) => item,
        Ok(other) => {
            errors.at(
                name_of(&other),
                "`#[connection]` is for structs: its fields are the settings",
            );
            return with_errors(errors, &strip(other), &TokenStream::new());
        }
        // What is no item is the compiler's to explain.
        Err(_) => return item,
    };
    check_shape(&item, &errors);
    remove_derives(&mut item, &errors);
    if !errors.is_empty() && !is_derivable(&item) {
        let fallback = fallback::connection(&item.clone().into(), &krate);
        return with_errors(errors, &strip(Item::Struct(item)), &fallback);
    }
    let table = Table::new(
        &item.ident,
        &item.fields,
        krate.clone(),
        None,
        &Errors::default(),
    );
    item.attrs.extend(expand::docs(&table));
    let derive = quote!(#[derive(#krate::private::__Connection)]);
    let site = syn::Ident::new("__connreg", Span::call_site());
    let errors = errors.into_tokens();
    quote! {
        #errors
        #derive
        #[#site(#written)]
        #item
    }
}

fn with_errors(errors: Errors, item: &TokenStream, fallback: &TokenStream) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#errors #item #fallback)
}

fn is_derivable(item: &ItemStruct) -> bool {
    item.generics.params.is_empty() && !matches!(item.fields, Fields::Unnamed(_))
}

fn check_shape(item: &ItemStruct, errors: &Errors) {
    if !item.generics.params.is_empty() {
        errors.at(
            &item.generics,
            "a connection type has no generic parameters; write one struct for each type",
        );
    }
    if let Fields::Unnamed(fields) = &item.fields {
        errors.at(
            fields,
            "settings have names: write a struct with named fields",
        );
    }
}

/// Tells of derives that the macro makes itself, and takes them out so that they don't clash.
fn remove_derives(item: &mut ItemStruct, errors: &Errors) {
    for attribute in &mut item.attrs {
        if !attribute.path().is_ident("derive") {
            continue;
        }
        let parse = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
        let Ok(paths) = attribute.parse_args_with(parse) else {
            continue;
        };
        let (made, kept): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| {
            let last = path.segments.last().map(|last| last.ident.to_string());
            matches!(
                last.as_deref(),
                Some("Clone" | "Debug" | "Default" | "Settings")
            )
        });
        for path in &made {
            let name = path
                .segments
                .last()
                .map(|last| last.ident.to_string())
                .unwrap_or_default();
            let note = match name.as_str() {
                "Debug" => "; its own never shows a secret",
                "Default" => ", where every setting has a default",
                _ => "",
            };
            errors.at(
                path,
                format!("`#[connection]` implements `{name}` itself{note}; remove it here"),
            );
        }
        if !made.is_empty() {
            *attribute = parse_quote!(#[derive(#(#kept),*)]);
        }
    }
}

fn name_of(item: &Item) -> TokenStream {
    match item {
        Item::Enum(item) => item.enum_token.to_token_stream(),
        Item::Union(item) => item.union_token.to_token_stream(),
        Item::Fn(item) => item.sig.fn_token.to_token_stream(),
        Item::Trait(item) => item.trait_token.to_token_stream(),
        Item::Impl(item) => item.impl_token.to_token_stream(),
        Item::Mod(item) => item.mod_token.to_token_stream(),
        other => other.to_token_stream(),
    }
}

/// The item without helper attributes, which nobody would know where the derive is missing.
fn strip(mut item: Item) -> TokenStream {
    let keep = |attribute: &Attribute| !attribute.path().is_ident("setting");
    let strip_fields =
        |fields: &mut Fields| fields.iter_mut().for_each(|field| field.attrs.retain(keep));
    match &mut item {
        Item::Struct(item) => strip_fields(&mut item.fields),
        Item::Enum(item) => {
            for variant in &mut item.variants {
                variant.attrs.retain(keep);
                strip_fields(&mut variant.fields);
            }
        }
        Item::Union(item) => item
            .fields
            .named
            .iter_mut()
            .for_each(|field| field.attrs.retain(keep)),
        _ => {}
    }
    item.into_token_stream()
}
