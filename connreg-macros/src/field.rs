//! What was written of one field or variant: name, type, documentation, words.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta, Type};

use crate::args::Args;
use crate::errors::Errors;
use crate::keys::{self, Words};

/// A field as it was written.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    /// Without `r#`.
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) doc: String,
    pub(crate) args: Args,
    /// The conditions of its `cfg` attributes; only the attribute sees them, the derive comes after `cfg`.
    pub(crate) cfgs: Vec<TokenStream>,
}

impl Field {
    pub(crate) fn read(field: &syn::Field, errors: &Errors) -> Option<Self> {
        let ident = field.ident.clone()?;
        Some(Self {
            name: ident.unraw().to_string(),
            ident,
            ty: field.ty.clone(),
            doc: doc(&field.attrs),
            args: settings(&field.attrs, &keys::FIELD, errors),
            cfgs: cfgs(&field.attrs),
        })
    }
}

/// The words of all `#[setting(…)]`s.
pub(crate) fn settings(attributes: &[Attribute], words: &'static Words, errors: &Errors) -> Args {
    let mut args = Args::default();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("setting"))
    {
        match &attribute.meta {
            Meta::List(list) => args.read(list.tokens.clone(), words, errors),
            other => errors.at(
                other,
                format!(
                    "write the words in parentheses: `#[setting({})]`",
                    words.keys[0].sample
                ),
            ),
        }
    }
    args
}

/// The doc comment, lines joined by `\n`, without the space that `///` is followed by.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
    {
        let Meta::NameValue(pair) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
        else {
            continue;
        };
        // A block comment is many lines in one attribute; an empty line is one, too.
        for line in text.value().split('\n') {
            lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned());
        }
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

fn cfgs(attributes: &[Attribute]) -> Vec<TokenStream> {
    let conditions = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"));
    conditions
        .filter_map(|attribute| {
            attribute
                .meta
                .require_list()
                .ok()
                .map(|list| list.tokens.to_token_stream())
        })
        .collect()
}
