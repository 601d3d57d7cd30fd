//! What was written between an attribute's parentheses, word by word, with spans.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, Lit, LitInt, LitStr, Path, Token, parenthesized, token};

use crate::errors::Errors;
use crate::keys::{Form, Key, Words};

/// One word with its value.
pub(crate) struct Written {
    pub(crate) key: &'static Key,
    pub(crate) ident: Ident,
    pub(crate) value: Value,
}

/// What stood behind a word.
pub(crate) enum Value {
    None,
    Text(LitStr),
    Texts(Vec<LitStr>),
    Count(LitInt, usize),
    Expr(Box<Expr>),
    Path(Path),
    Paths(Vec<Path>),
}

/// All words of one attribute, or of several attributes of one kind.
#[derive(Default)]
pub(crate) struct Args {
    words: Vec<Written>,
}

impl Args {
    /// Adds the words of `tokens`; what is wrong goes to `errors` and is left out.
    pub(crate) fn read(&mut self, tokens: TokenStream, words: &'static Words, errors: &Errors) {
        let parser = |input: ParseStream<'_>| {
            self.read_stream(input, words, errors);
            Ok(())
        };
        if let Err(error) = parser.parse2(tokens) {
            errors.push(error);
        }
    }

    fn read_stream(&mut self, input: ParseStream<'_>, words: &'static Words, errors: &Errors) {
        while !input.is_empty() {
            match parse_word(input, words) {
                Ok(written) => self.add(written, errors),
                Err(error) => errors.push(error),
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                // What is left of a word that was wrong is part of the same mistake.
                let rest = skip_to_comma(input);
                if errors.is_empty() {
                    errors.at(rest, "expected `,`");
                }
            }
            let _ = input.parse::<Token![,]>();
        }
    }

    fn add(&mut self, written: Written, errors: &Errors) {
        let repeatable = written.key.name == "alias";
        if !repeatable && self.find(written.key.name).is_some() {
            errors.at(
                &written.ident,
                format!("`{}` is written twice", written.key.name),
            );
            return;
        }
        self.words.push(written);
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Written> {
        self.words.iter().find(|written| written.key.name == name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Written> {
        self.words.iter()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<&Ident> {
        self.find(name).map(|written| &written.ident)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&LitStr> {
        match &self.find(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of every `name` there is.
    pub(crate) fn texts(&self, name: &str) -> Vec<&LitStr> {
        let written = self.words.iter().filter(|written| written.key.name == name);
        written
            .flat_map(|written| match &written.value {
                Value::Texts(texts) => texts.as_slice(),
                _ => &[],
            })
            .collect()
    }

    pub(crate) fn count(&self, name: &str) -> Option<(&LitInt, usize)> {
        match &self.find(name)?.value {
            Value::Count(literal, count) => Some((literal, *count)),
            _ => None,
        }
    }

    pub(crate) fn expr(&self, name: &str) -> Option<&Expr> {
        match &self.find(name)?.value {
            Value::Expr(expr) => Some(expr),
            _ => None,
        }
    }

    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        match &self.find(name)?.value {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }

    pub(crate) fn paths(&self, name: &str) -> &[Path] {
        match self.find(name).map(|written| &written.value) {
            Some(Value::Paths(paths)) => paths,
            _ => &[],
        }
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        if let Ok(token) = input.parse::<proc_macro2::TokenTree>() {
            token.to_tokens(&mut skipped);
        }
    }
    skipped
}

fn parse_word(input: ParseStream<'_>, words: &'static Words) -> syn::Result<Written> {
    let Ok(ident) = input.call(Ident::parse_any) else {
        let message = format!(
            "expected one of the words of `{}`: {}",
            words.attribute,
            words.list()
        );
        return Err(input.error(message));
    };
    let name = ident.unraw().to_string();
    let Some(key) = words.find(&name) else {
        let help = match words.nearest(&name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it knows {}", words.list()),
        };
        return Err(syn::Error::new(
            ident.span(),
            format!("unknown word `{name}` in `{}`: {help}", words.attribute),
        ));
    };
    let wrong = |found: syn::Error| {
        let message = format!("`{}` is written `{}`", key.name, key.sample);
        // The end of the input has no token, so the word itself is shown.
        let empty = input.is_empty() || input.peek(Token![,]);
        syn::Error::new(if empty { ident.span() } else { found.span() }, message)
    };
    let value = parse_value(input, key.form).map_err(wrong)?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(wrong(input.error("unexpected")));
    }
    Ok(Written { key, ident, value })
}

fn parse_value(input: ParseStream<'_>, form: Form) -> syn::Result<Value> {
    Ok(match form {
        Form::Flag => Value::None,
        Form::OptionalValue if !input.peek(Token![=]) => Value::None,
        Form::Texts if input.peek(token::Paren) => {
            let content;
            parenthesized!(content in input);
            let texts = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
            Value::Texts(texts.into_iter().collect())
        }
        Form::Paths => {
            let content;
            parenthesized!(content in input);
            let parse = Punctuated::<Path, Token![,]>::parse_terminated_with;
            Value::Paths(
                parse(&content, Path::parse_mod_style)?
                    .into_iter()
                    .collect(),
            )
        }
        Form::Text => {
            input.parse::<Token![=]>()?;
            Value::Text(text(input.parse()?)?)
        }
        Form::Texts => {
            input.parse::<Token![=]>()?;
            Value::Texts(match peel(input.parse()?) {
                Expr::Array(array) => array
                    .elems
                    .into_iter()
                    .map(text)
                    .collect::<syn::Result<_>>()?,
                single => vec![text(single)?],
            })
        }
        Form::Count => {
            input.parse::<Token![=]>()?;
            let expr: Expr = input.parse()?;
            match peel(expr) {
                Expr::Lit(syn::ExprLit {
                    lit: Lit::Int(literal),
                    ..
                }) => {
                    let count = literal.base10_parse()?;
                    Value::Count(literal, count)
                }
                other => return Err(syn::Error::new_spanned(other, "expected a number")),
            }
        }
        Form::Value | Form::OptionalValue => {
            input.parse::<Token![=]>()?;
            Value::Expr(Box::new(peel(input.parse()?)))
        }
        Form::Path => {
            input.parse::<Token![=]>()?;
            Value::Path(input.call(Path::parse_mod_style)?)
        }
    })
}

fn text(expr: Expr) -> syn::Result<LitStr> {
    match peel(expr) {
        Expr::Lit(syn::ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Ok(text),
        other => Err(syn::Error::new_spanned(other, "expected a text in quotes")),
    }
}

/// The expression without the invisible group that a `macro_rules` fragment stands in.
fn peel(mut expr: Expr) -> Expr {
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    expr
}
