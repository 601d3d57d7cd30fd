//! The derives: parse, check, expand; on a mistake, tell all of them and emit stand-ins.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Meta};

use crate::args::Args;
use crate::errors::Errors;
use crate::model::{Choices, Connection, Table, krate};
use crate::{expand, fallback, field, keys};

/// `#[derive(__Connection)]`, which only `#[connection]` writes.
pub(crate) fn connection(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let errors = Errors::default();
    let mut args = Args::default();
    let mut attribute = Span::call_site();
    for written in input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("__connreg"))
    {
        attribute = written.path().span();
        if let Meta::List(list) = &written.meta {
            args.read(list.tokens.clone(), &keys::CONNECTION, &errors);
        }
    }
    // The attribute has made sure that it is a struct without generics and with named fields or none.
    let unit = Fields::Unit;
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        _ => &unit,
    };
    let connection = Connection::new(&input, fields, &args, attribute, &errors);
    if errors.is_empty() {
        return expand::connection(&connection);
    }
    let fallback = fallback::connection(&input, &krate(&args));
    let errors = errors.into_tokens();
    quote!(#errors #fallback)
}

/// `#[derive(Settings)]`.
pub(crate) fn settings(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let errors = Errors::default();
    let args = field::settings(&input.attrs, &keys::TABLE, &errors);
    let krate = krate(&args);
    check_shape(&input, &errors);
    let expanded = match &input.data {
        Data::Struct(data) => {
            let validate = args.path("validate").cloned();
            expand::table(&Table::new(
                &input.ident,
                &data.fields,
                krate.clone(),
                validate,
                &errors,
            ))
        }
        data => {
            if let Some(written) = args.find("validate") {
                errors.at(
                    &written.ident,
                    "`validate` checks across settings, and an enum has none",
                );
            }
            expand::choices(&Choices::new(&input.ident, data, krate.clone(), &errors))
        }
    };
    if errors.is_empty() {
        return expanded;
    }
    let fallback = fallback::settings(&input, &krate);
    let errors = errors.into_tokens();
    quote!(#errors #fallback)
}

fn check_shape(input: &DeriveInput, errors: &Errors) {
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "settings have no generic parameters; write one struct for each type",
        );
    }
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Unnamed(_)) => errors.at(
            &data.fields,
            "settings have names: write a struct with named fields",
        ),
        Data::Union(data) => errors.at(
            data.union_token,
            "settings are a struct or a unit enum, not a union",
        ),
        _ => {}
    }
}
