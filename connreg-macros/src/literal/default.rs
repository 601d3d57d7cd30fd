//! `default = …`: a literal that fits the setting, or any expression.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Expr, ExprArray, Lit, LitStr, Path};

use super::text::{bytes, bytes_tokens, check_url, duration, duration_tokens};
use super::{Number, Signed, compact, error};
use crate::expand::{krate_at, ours};
use crate::kind::{Integer, Kind};

/// A default, ready to be emitted.
pub(crate) struct Default {
    pub(crate) tokens: TokenStream,
    /// As a person would write it in configuration, where that is known.
    pub(crate) text: Option<String>,
    /// The variant that it is, perhaps, of an enum whose words only the enum knows.
    pub(crate) variant: Option<String>,
    /// For the check against `range`.
    pub(crate) number: Option<Number>,
    /// For the check against `one_of`, `min_len` and `max_len`.
    pub(crate) string: Option<String>,
}

impl Default {
    /// The default that `expr` is for a setting of `kind`.
    pub(crate) fn parse(expr: &Expr, kind: &Kind, krate: &Path) -> syn::Result<Self> {
        let checked = match (Signed::of(expr), expr, kind.required()) {
            (Some(literal), _, _) => of_literal(expr, &literal, kind.required(), krate)?,
            (None, Expr::Array(array), Kind::List(inner)) => of_array(array, inner, krate)?,
            _ => return Ok(of_expression(expr, kind)),
        };
        if !matches!(kind, Kind::Option(_)) {
            return Ok(checked);
        }
        let tokens = checked.tokens;
        let span = ours(expr.span());
        Ok(Self {
            tokens: quote_spanned! {span=> ::core::option::Option::Some(#tokens) },
            ..checked
        })
    }

    fn new(tokens: TokenStream, text: String) -> Self {
        Self {
            tokens,
            text: Some(text),
            variant: None,
            number: None,
            string: None,
        }
    }

    fn with_number(self, number: Number) -> Self {
        Self {
            number: Some(number),
            ..self
        }
    }
}

fn of_literal(
    expr: &Expr,
    literal: &Signed<'_>,
    kind: &Kind,
    krate: &Path,
) -> syn::Result<Default> {
    match (kind, literal.lit, literal.text()) {
        (Kind::Bool, Lit::Bool(value), _) => Ok(Default::new(
            expr.to_token_stream(),
            value.value.to_string(),
        )),
        (Kind::Integer(integer), Lit::Int(_), _) => of_integer(expr, literal, integer),
        (Kind::Float, Lit::Float(_) | Lit::Int(_), _) => of_float(expr, literal),
        (Kind::Other, _, None) => Ok(Default::new(expr.to_token_stream(), compact(expr))),
        (_, _, Some(text)) if is_written_as_text(kind) => of_text(text, kind, krate),
        _ => error(expr, format!("the default of {}", wanted(kind))),
    }
}

fn is_written_as_text(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Bool | Kind::Integer(_) | Kind::Float | Kind::List(_) | Kind::Map(_)
    )
}

/// What to write, for a message.
fn wanted(kind: &Kind) -> String {
    let wanted = match kind {
        Kind::Integer(integer) => {
            return format!("a `{}` is a whole number, such as `1`", integer.name);
        }
        Kind::Bool => "a `bool` is `true` or `false`",
        Kind::Float => "a float is a number with a point, such as `1.0`",
        Kind::Duration => "a `Duration` is a text with a unit, such as `\"30s\"`",
        Kind::ByteSize => "a `ByteSize` is a text with a unit, such as `\"64 MiB\"`",
        Kind::Text => "a `String` is a text in quotes, such as `\"localhost\"`",
        Kind::Path => "a `PathBuf` is a text in quotes, such as `\"data/app.db\"`",
        Kind::Url => "a `Url` is a text in quotes, such as `\"http://localhost:9200\"`",
        Kind::Secret => "a `Secret` is a text in quotes",
        Kind::Reference => "a `ConnectionRef` is a connection's name in quotes",
        Kind::List(_) => {
            "a list is written `default = [\"a\", \"b\"]`; `default` alone is an empty one"
        }
        Kind::Map(_) => "a map is an expression; `default` alone is an empty one",
        Kind::Other | Kind::Option(_) => "this type is an expression",
    };
    wanted.into()
}

fn of_integer(expr: &Expr, literal: &Signed<'_>, integer: &Integer) -> syn::Result<Default> {
    let number = literal.integer().unwrap_or(Ok(0))?;
    integer.check(number, expr)?;
    Ok(Default::new(expr.to_token_stream(), number.to_string())
        .with_number(Number::Integer(number)))
}

fn of_float(expr: &Expr, literal: &Signed<'_>) -> syn::Result<Default> {
    match (literal.float(), literal.integer()) {
        (Some(number), _) => {
            let number = number?;
            let text = format!("{number:?}");
            Ok(Default::new(expr.to_token_stream(), text).with_number(Number::Float(number)))
        }
        (None, Some(number)) => error(
            expr,
            format!("write `{}.0`: the setting is a float", number?),
        ),
        (None, None) => error(expr, format!("the default of {}", wanted(&Kind::Float))),
    }
}

fn of_text(text: &LitStr, kind: &Kind, krate: &Path) -> syn::Result<Default> {
    let krate = krate_at(krate, text.span());
    let span = ours(text.span());
    let from =
        |ty: TokenStream| quote_spanned! {span=> <#ty as ::core::convert::From<_>>::from(#text) };
    let plain = |tokens| Default::new(tokens, text.value());
    Ok(match kind {
        Kind::Duration => {
            let duration = duration(text)?;
            plain(duration_tokens(duration, text)).with_number(Number::Duration(duration))
        }
        Kind::ByteSize => {
            let bytes = bytes(text)?;
            plain(bytes_tokens(bytes, text, &krate)).with_number(Number::Bytes(bytes))
        }
        Kind::Url => {
            check_url(text)?;
            plain(quote_spanned! {span=> #krate::private::url(#text) })
        }
        Kind::Text => Default {
            string: Some(text.value()),
            ..plain(from(quote!(::std::string::String)))
        },
        // Not shown, not even as a default.
        Kind::Secret => Default {
            text: None,
            string: Some(text.value()),
            ..plain(from(quote!(#krate::Secret)))
        },
        Kind::Path => plain(from(quote!(::std::path::PathBuf))),
        Kind::Reference => plain(quote_spanned! {span=> #krate::ConnectionRef::new(#text) }),
        _ => {
            // In the text's own span, so that the compiler points at it where the type can't be made from text.
            let span = text.span();
            plain(quote_spanned! {span=> #krate::private::default_text(#text) })
        }
    })
}

fn of_array(array: &ExprArray, inner: &Kind, krate: &Path) -> syn::Result<Default> {
    let items: Vec<Default> = array
        .elems
        .iter()
        .map(|item| Default::parse(item, inner, krate))
        .collect::<syn::Result<_>>()?;
    let tokens = items.iter().map(|item| &item.tokens);
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.text.as_deref()).collect();
    Ok(Default {
        tokens: quote!(<::std::vec::Vec<_> as ::core::convert::From<_>>::from([#(#tokens),*])),
        text: texts.map(|texts| format!("[{}]", texts.join(", "))),
        variant: None,
        number: None,
        string: None,
    })
}

/// Any other expression: the compiler checks it.
fn of_expression(expr: &Expr, kind: &Kind) -> Default {
    let is_last =
        |path: &Path, name: &str| path.segments.last().is_some_and(|last| last.ident == name);
    let is_option = match expr {
        Expr::Path(path) => is_last(&path.path, "None"),
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if is_last(&path.path, "Some")),
        _ => false,
    };
    let tokens = if matches!(kind, Kind::Option(_)) && !is_option {
        let span = ours(expr.span());
        quote_spanned! {span=> ::core::convert::Into::into(#expr) }
    } else {
        expr.to_token_stream()
    };
    Default {
        tokens,
        text: None,
        variant: variant(expr, kind),
        number: None,
        string: None,
    }
}

/// `ReadOnly` of `Mode::ReadOnly`.
fn variant(expr: &Expr, kind: &Kind) -> Option<String> {
    let Expr::Path(path) = expr else { return None };
    if *kind.required() != Kind::Other || path.path.segments.len() < 2 {
        return None;
    }
    Some(path.path.segments.last()?.ident.unraw().to_string())
}
