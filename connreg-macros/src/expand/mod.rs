//! From the checked declaration to code. All paths are absolute, and nothing but the struct's own names is visible outside.

mod choices;
mod docs;
mod register;
mod settings;
mod standard;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use crate::model::{Connection, Table};

pub(crate) use choices::choices;
pub(crate) use docs::docs;

/// Everything for a struct annotated with `#[connection]`.
pub(crate) fn connection(connection: &Connection) -> TokenStream {
    let standard = standard::standard(&connection.table);
    let settings = settings::settings(&connection.table);
    let registration = register::registration(connection);
    let handle = register::handle(connection);
    quote! {
        const _: () = {
            #standard
            #settings
            #registration
        };
        #handle
    }
}

/// Everything for a struct that derives `Settings`.
pub(crate) fn table(table: &Table) -> TokenStream {
    let standard = standard::standard(table);
    let settings = settings::settings(table);
    let value = settings::value(table);
    quote! {
        const _: () = {
            #standard
            #settings
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
