//! From the checked declaration to code. All paths are absolute, and nothing but the struct's own names is visible outside.

mod choices;
mod docs;
mod register;
mod settings;
mod standard;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, Path};

use crate::model::{Connection, Table};

pub(crate) use choices::choices;
pub(crate) use docs::docs;
pub(crate) use register::provider;

/// Everything for a struct annotated with `#[connection]`.
pub(crate) fn connection(connection: &Connection) -> TokenStream {
    let standard = standard::standard(&connection.table);
    let settings = settings::settings(&connection.table);
    let names = settings::flattened_names(&connection.table, "check_flattened_connection");
    let registration = register::registration(connection);
    let handle = register::handle(connection);
    quote! {
        const _: () = {
            #standard
            #settings
            #names
            #registration
        };
        #handle
    }
}

/// Everything for a struct that derives `Settings`.
pub(crate) fn table(table: &Table) -> TokenStream {
    let standard = standard::standard(table);
    let settings = settings::settings(table);
    let names = settings::flattened_names(table, "check_flattened");
    let value = settings::value(table);
    quote! {
        const _: () = {
            #standard
            #settings
            #names
            #value
        };
    }
}

/// A variable of generated code: the same one whatever span the code around it has.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Where `span` is, in code that is the macro's own: no lint of the user's looks at it.
pub(crate) fn ours(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The crate's path with the span of what uses it, so that messages point there.
pub(crate) fn krate_at(krate: &Path, span: Span) -> TokenStream {
    let is_ours = krate.leading_colon.is_some() && crate::literal::compact(krate) == "::connreg";
    if is_ours {
        quote_spanned!(span=> ::connreg)
    } else {
        krate.to_token_stream()
    }
}
