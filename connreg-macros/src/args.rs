//! What was written between an attribute's parentheses, word by word, with spans.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, LitInt, LitStr, Path, Token, parenthesized, token};

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
                Ok(written) => {
                    self.add(written, errors);
                    if !input.is_empty() && !input.peek(Token![,]) {
                        // Whatever follows is read as the next word.
                        errors.push(input.error("a comma is missing before this"));
                        continue;
                    }
                }
                Err(error) => {
                    errors.push(error);
                    // What is left of a word that was wrong is part of the same mistake.
                    skip_to_comma(input);
                }
            }
            // `read_stream` goes on behind the comma, or ends.
            if input.parse::<Token![,]>().is_err() {
                break;
            }
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

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) && input.parse::<TokenTree>().is_ok() {}
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
    let value = parse_value(input, key.form).map_err(|found| {
        let message = format!("`{}` is written `{}`: {}", key.name, key.sample, key.help);
        syn::Error::new(found.unwrap_or_else(|| ident.span()), message)
    })?;
    if key.form == Form::Flag && (input.peek(Token![=]) || input.peek(token::Paren)) {
        return Err(input.error(format!("`{name}` stands alone, without a value")));
    }
    Ok(Written { key, ident, value })
}

/// Where the value is wrong; `None` where there is none.
type Wrong = Option<Span>;

fn parse_value(input: ParseStream<'_>, form: Form) -> Result<Value, Wrong> {
    let at = |error: syn::Error| Some(error.span());
    match form {
        Form::Flag => return Ok(Value::None),
        Form::OptionalValue if !input.peek(Token![=]) => return Ok(Value::None),
        Form::Texts if input.peek(token::Paren) => {
            let texts = list(input, <LitStr as Parse>::parse).map_err(at)?;
            return Ok(Value::Texts(texts));
        }
        Form::Paths => {
            if !input.peek(token::Paren) {
                return Err(None);
            }
            return Ok(Value::Paths(
                list(input, Path::parse_mod_style).map_err(at)?,
            ));
        }
        _ => {}
    }
    input.parse::<Token![=]>().map_err(|_| None)?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(None);
    }
    if form == Form::Path {
        let start = input.span();
        return input
            .call(Path::parse_mod_style)
            .map(Value::Path)
            .map_err(|_| Some(start));
    }
    let expr = peel(input.parse().map_err(at)?);
    Ok(match form {
        Form::Text => Value::Text(text(expr)?),
        Form::Texts => Value::Texts(match expr {
            Expr::Array(array) => array
                .elems
                .into_iter()
                .map(text)
                .collect::<Result<_, _>>()?,
            single => vec![text(single)?],
        }),
        Form::Count => match &expr {
            Expr::Lit(ExprLit {
                lit: Lit::Int(literal),
                ..
            }) => {
                let count = literal.base10_parse().map_err(at)?;
                Value::Count(literal.clone(), count)
            }
            other => return Err(Some(other.span())),
        },
        _ => Value::Expr(Box::new(expr)),
    })
}

fn list<T>(
    input: ParseStream<'_>,
    parse: fn(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    let mut items = Vec::new();
    while !content.is_empty() {
        items.push(content.call(parse)?);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(items)
}

fn text(expr: Expr) -> Result<LitStr, Wrong> {
    match peel(expr) {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Ok(text),
        other => Err(Some(other.span())),
    }
}

/// The expression without the invisible group that a `macro_rules` fragment stands in.
fn peel(mut expr: Expr) -> Expr {
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    expr
}
