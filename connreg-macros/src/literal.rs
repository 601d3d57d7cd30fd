//! What a literal means for a kind of setting: defaults and bounds, checked before anything is compiled.

use std::fmt;
use std::time::Duration;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, ExprRange, Lit, LitStr, Path, RangeLimits, Type, UnOp};

use crate::kind::Kind;

/// A default, ready to be emitted.
pub(crate) struct Default {
    pub(crate) tokens: TokenStream,
    /// As a person would write it in configuration, where that is known.
    pub(crate) text: Option<String>,
    /// For the check against `range`.
    pub(crate) number: Option<Number>,
    /// For the check against `one_of`, `min_len` and `max_len`.
    pub(crate) string: Option<String>,
}

/// A value that can be compared with the bounds of a range.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
    Duration(Duration),
    Bytes(u64),
}

/// A range, ready to be emitted.
pub(crate) struct Range {
    pub(crate) tokens: TokenStream,
    pub(crate) span: Span,
    /// As it was written.
    pub(crate) text: String,
    start: Option<Number>,
    end: Option<Number>,
    inclusive: bool,
}

impl Range {
    /// Whether `number` lies within it, as far as the bounds are literals.
    pub(crate) fn contains(&self, number: Number) -> bool {
        let above = self.start.is_none_or(|start| number >= start);
        above
            && self.end.is_none_or(|end| {
                if self.inclusive {
                    number <= end
                } else {
                    number < end
                }
            })
    }

    fn is_empty(&self) -> bool {
        match (self.start, self.end) {
            (Some(start), Some(end)) => {
                if self.inclusive {
                    start > end
                } else {
                    start >= end
                }
            }
            _ => false,
        }
    }
}

/// A literal with its sign.
struct Signed<'a> {
    negative: bool,
    lit: &'a Lit,
}

impl<'a> Signed<'a> {
    fn of(expr: &'a Expr) -> Option<Self> {
        match expr {
            Expr::Lit(ExprLit { lit, .. }) => Some(Self {
                negative: false,
                lit,
            }),
            Expr::Group(group) => Self::of(&group.expr),
            Expr::Paren(paren) => Self::of(&paren.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
                let inner = Self::of(&unary.expr)?;
                Some(Self {
                    negative: !inner.negative,
                    lit: inner.lit,
                })
            }
            _ => None,
        }
    }

    fn text(&self) -> Option<&LitStr> {
        match self.lit {
            Lit::Str(text) if !self.negative => Some(text),
            _ => None,
        }
    }

    fn integer(&self) -> Option<syn::Result<i128>> {
        let Lit::Int(literal) = self.lit else {
            return None;
        };
        Some(
            literal
                .base10_parse::<i128>()
                .map(|number| if self.negative { -number } else { number }),
        )
    }

    fn float(&self) -> Option<syn::Result<f64>> {
        let Lit::Float(literal) = self.lit else {
            return None;
        };
        Some(
            literal
                .base10_parse::<f64>()
                .map(|number| if self.negative { -number } else { number }),
        )
    }
}

fn error<T>(at: impl ToTokens, message: impl fmt::Display) -> syn::Result<T> {
    Err(syn::Error::new_spanned(at, message))
}

/// The default that `expr` is for a field of type `ty`.
pub(crate) fn default(expr: &Expr, ty: &Type, kind: &Kind, krate: &Path) -> syn::Result<Default> {
    let is_option = matches!(kind, Kind::Option(_));
    let checked = match (Signed::of(expr), expr, kind.required()) {
        (Some(literal), _, _) => literal_default(expr, &literal, kind, krate)?,
        (None, Expr::Array(array), Kind::List(inner)) => list_default(array, ty, inner, krate)?,
        _ => return Ok(expression(expr, kind)),
    };
    if !is_option {
        return Ok(checked);
    }
    let tokens = checked.tokens;
    let span = expr.span();
    Ok(Default {
        tokens: quote_spanned! {span=> ::core::option::Option::Some(#tokens) },
        ..checked
    })
}

/// Any other expression: the compiler checks it.
fn expression(expr: &Expr, kind: &Kind) -> Default {
    let names_option = match expr {
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "None"),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Some"),
            _ => false,
        },
        _ => false,
    };
    let tokens = if matches!(kind, Kind::Option(_)) && !names_option {
        let span = expr.span();
        quote_spanned! {span=> ::core::convert::Into::into(#expr) }
    } else {
        expr.to_token_stream()
    };
    Default {
        tokens,
        text: variant_word(expr, kind),
        number: None,
        string: None,
    }
}

/// `Mode::ReadOnly` is written `read_only`.
fn variant_word(expr: &Expr, kind: &Kind) -> Option<String> {
    let Expr::Path(path) = expr else { return None };
    if *kind.required() != Kind::Other || path.path.segments.len() < 2 {
        return None;
    }
    let name = path.path.segments.last()?.ident.to_string();
    let is_variant = name.starts_with(char::is_uppercase)
        && (name.len() == 1 || name.contains(char::is_lowercase));
    is_variant.then(|| snake_case(&name))
}

/// `ReadOnly` → `read_only`, `VerifyCA` → `verify_ca`.
pub(crate) fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, &character) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after_is_lower = characters
            .get(index + 1)
            .is_some_and(|next| next.is_lowercase());
        let starts_word = character.is_uppercase()
            && before
                .is_some_and(|before| before != '_' && (!before.is_uppercase() || after_is_lower));
        if starts_word {
            snake.push('_');
        }
        snake.extend(character.to_lowercase());
    }
    snake
}

fn literal_default(
    expr: &Expr,
    literal: &Signed<'_>,
    kind: &Kind,
    krate: &Path,
) -> syn::Result<Default> {
    let span = expr.span();
    let krate = krate_at(krate, span);
    let text = literal.text();
    let plain = |tokens, text: String| Default {
        tokens,
        text: Some(text),
        number: None,
        string: None,
    };
    let wants = |what: &str| error(expr, format!("the default of {what}"));
    Ok(match kind.required() {
        Kind::Bool => match literal.lit {
            Lit::Bool(value) => plain(expr.to_token_stream(), value.value.to_string()),
            _ => return wants("a `bool` is `true` or `false`"),
        },
        Kind::Integer(integer) => {
            let number = match literal.integer() {
                Some(number) => number?,
                None => {
                    return wants(&format!(
                        "a `{0}` is a whole number, such as `1`",
                        integer.name
                    ));
                }
            };
            if number < integer.min || number > integer.max {
                let (name, min, max) = (integer.name, integer.min, integer.max);
                return error(expr, format!("a `{name}` takes {min} to {max}"));
            }
            let number_text = number.to_string();
            Default {
                number: Some(Number::Integer(number)),
                ..plain(expr.to_token_stream(), number_text)
            }
        }
        Kind::Float => match (literal.float(), literal.integer()) {
            (Some(number), _) => {
                let number = number?;
                let number_text = format!("{number:?}");
                Default {
                    number: Some(Number::Float(number)),
                    ..plain(expr.to_token_stream(), number_text)
                }
            }
            (None, Some(number)) => {
                return error(
                    expr,
                    format!("write `{}.0`: the setting is a float", number?),
                );
            }
            _ => return wants("a float is a number with a point, such as `1.0`"),
        },
        Kind::Duration => {
            let Some(text) = text else {
                return wants("a `Duration` is a text with a unit, such as `\"30s\"`");
            };
            let duration = duration(text)?;
            let tokens = duration_tokens(duration, text);
            Default {
                number: Some(Number::Duration(duration)),
                ..plain(tokens, text.value())
            }
        }
        Kind::ByteSize => {
            let Some(text) = text else {
                return wants("a `ByteSize` is a text with a unit, such as `\"64 MiB\"`");
            };
            let bytes = bytes(text)?;
            let tokens = bytes_tokens(bytes, text, &krate);
            Default {
                number: Some(Number::Bytes(bytes)),
                ..plain(tokens, text.value())
            }
        }
        Kind::Text => match text {
            Some(text) => Default {
                string: Some(text.value()),
                ..plain(
                    quote_spanned! {span=> ::std::string::String::from(#text) },
                    text.value(),
                )
            },
            None => return wants("a `String` is a text in quotes, such as `\"localhost\"`"),
        },
        Kind::Path => match text {
            Some(text) => plain(
                quote_spanned! {span=> ::std::path::PathBuf::from(#text) },
                text.value(),
            ),
            None => return wants("a `PathBuf` is a text in quotes, such as `\"data/app.db\"`"),
        },
        Kind::Url => match text {
            Some(text) => {
                check_url(text)?;
                plain(
                    quote_spanned! {span=> #krate::private::url(#text) },
                    text.value(),
                )
            }
            None => {
                return wants("a `Url` is a text in quotes, such as `\"http://localhost:9200\"`");
            }
        },
        Kind::Secret => match text {
            // Not shown, not even as a default.
            Some(text) => Default {
                text: None,
                ..plain(
                    quote_spanned! {span=> #krate::Secret::from(#text) },
                    String::new(),
                )
            },
            None => return wants("a `Secret` is a text in quotes"),
        },
        Kind::Reference => match text {
            Some(text) => plain(
                quote_spanned! {span=> #krate::ConnectionRef::new(#text) },
                text.value(),
            ),
            None => return wants("a `ConnectionRef` is a connection's name in quotes"),
        },
        Kind::List(_) => {
            return wants(
                "a list is written `default = [\"a\", \"b\"]`; `default` alone is an empty one",
            );
        }
        Kind::Map(_) => return wants("a map is an expression; `default` alone is an empty one"),
        Kind::Other | Kind::Option(_) => match text {
            Some(text) => plain(
                quote_spanned!(span=> #krate::private::default_text(#text)),
                text.value(),
            ),
            None => plain(expr.to_token_stream(), compact(expr)),
        },
    })
}

fn list_default(
    array: &syn::ExprArray,
    ty: &Type,
    inner: &Kind,
    krate: &Path,
) -> syn::Result<Default> {
    let Some(element) = argument(required_type(ty)) else {
        return error(array, "write an expression such as `vec![…]`");
    };
    let mut tokens = Vec::new();
    let mut texts = Vec::new();
    for item in &array.elems {
        let item = default(item, element, inner, krate)?;
        tokens.push(item.tokens);
        texts.push(item.text);
    }
    let texts: Option<Vec<String>> = texts.into_iter().collect();
    Ok(Default {
        tokens: quote!(::std::vec::Vec::from([#(#tokens),*])),
        text: texts.map(|texts| format!("[{}]", texts.join(", "))),
        number: None,
        string: None,
    })
}

/// The type without `Option`s around it.
fn required_type(ty: &Type) -> &Type {
    if matches!(Kind::of(ty), Kind::Option(_)) {
        argument(ty).map_or(ty, required_type)
    } else {
        ty
    }
}

fn argument(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Group(group) => argument(&group.elem),
        Type::Paren(paren) => argument(&paren.elem),
        Type::Path(path) => match &path.path.segments.last()?.arguments {
            syn::PathArguments::AngleBracketed(arguments) => {
                arguments.args.iter().find_map(|argument| match argument {
                    syn::GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

/// The range that `expr` is for a setting of `kind`.
pub(crate) fn range(expr: &Expr, kind: &Kind, krate: &Path) -> syn::Result<Range> {
    let kind = kind.required();
    let range = match (expr, Signed::of(expr).as_ref().and_then(Signed::text)) {
        (_, Some(text)) => text_range(text, kind, krate)?,
        (Expr::Paren(paren), _) => return range(&paren.expr, kind, krate),
        (Expr::Range(written), _) => expr_range(written, kind)?,
        _ => {
            return error(
                expr,
                "a range is written `1..=65535`, for durations and sizes `\"1ms..=10min\"`",
            );
        }
    };
    if range.is_empty() {
        return error(expr, "no value lies in this range");
    }
    Ok(range)
}

fn expr_range(written: &ExprRange, kind: &Kind) -> syn::Result<Range> {
    match kind {
        Kind::Integer(_) | Kind::Float | Kind::Other => {}
        Kind::Duration => {
            return error(
                written,
                "the range of a `Duration` is a text, such as `\"1ms..=10min\"`",
            );
        }
        Kind::ByteSize => {
            return error(
                written,
                "the range of a `ByteSize` is a text, such as `\"1 KiB..=64 MiB\"`",
            );
        }
        _ => return error(written, no_range(kind)),
    }
    if written.start.is_none() && written.end.is_none() {
        return error(written, "a range needs a bound, as in `1..=65535` or `1..`");
    }
    let start = written
        .start
        .as_deref()
        .map(|bound| number(bound, kind))
        .transpose()?
        .flatten();
    let end = written
        .end
        .as_deref()
        .map(|bound| number(bound, kind))
        .transpose()?
        .flatten();
    let inclusive = matches!(written.limits, RangeLimits::Closed(_));
    Ok(Range {
        tokens: quote!((#written)),
        span: written.span(),
        text: compact(written),
        start,
        end,
        inclusive,
    })
}

fn no_range(kind: &Kind) -> String {
    let what = kind.label().unwrap_or_else(|| "this type".into());
    let instead = match kind {
        Kind::Text => "; `min_len`, `max_len` and `one_of` limit text",
        Kind::Secret | Kind::List(_) | Kind::Map(_) => "; `min_len` and `max_len` limit its length",
        _ => "",
    };
    format!("`range` takes numbers, durations and sizes, not a setting of type {what}{instead}")
}

/// A bound's value; `None` for an expression that is no literal.
fn number(bound: &Expr, kind: &Kind) -> syn::Result<Option<Number>> {
    let Some(literal) = Signed::of(bound) else {
        return Ok(None);
    };
    match (kind, literal.integer(), literal.float()) {
        (Kind::Integer(integer), Some(number), _) => {
            let number = number?;
            if number < integer.min || number > integer.max {
                return error(
                    bound,
                    format!(
                        "a `{}` takes {} to {}",
                        integer.name, integer.min, integer.max
                    ),
                );
            }
            Ok(Some(Number::Integer(number)))
        }
        (Kind::Integer(integer), ..) => error(
            bound,
            format!("a bound of a `{}` is a whole number", integer.name),
        ),
        (Kind::Float, _, Some(number)) => Ok(Some(Number::Float(number?))),
        (Kind::Float, Some(number), _) => error(
            bound,
            format!("write `{}.0`: the setting is a float", number?),
        ),
        (Kind::Float, ..) => error(bound, "a bound of a float is a number such as `1.0`"),
        (_, Some(number), _) => Ok(Some(Number::Integer(number?))),
        (_, _, Some(number)) => Ok(Some(Number::Float(number?))),
        _ => error(bound, "a bound is a number"),
    }
}

fn text_range(text: &LitStr, kind: &Kind, krate: &Path) -> syn::Result<Range> {
    let value = text.value();
    let (start, end, inclusive) = match (value.split_once("..="), value.split_once("..")) {
        (Some((start, end)), _) => (start.trim(), end.trim(), true),
        (None, Some((start, end))) => (start.trim(), end.trim(), false),
        (None, None) => {
            return error(
                text,
                "a range of durations or sizes is written `\"1ms..=10min\"`",
            );
        }
    };
    if start.is_empty() && end.is_empty() {
        return error(
            text,
            "a range needs a bound, as in `\"1ms..=10min\"` or `\"1s..\"`",
        );
    }
    let part = |part: &str| (!part.is_empty()).then(|| LitStr::new(part, text.span()));
    let (start, end) = (part(start), part(end));
    // The alias of a type shows what it is by how its bounds are written.
    let is_duration = match kind {
        Kind::Duration => true,
        Kind::ByteSize => false,
        Kind::Other => start
            .iter()
            .chain(&end)
            .all(|bound| duration(bound).is_ok()),
        Kind::Integer(_) | Kind::Float => {
            return error(
                text,
                "a range of numbers is written without quotes: `1..=65535`",
            );
        }
        _ => return error(text, no_range(kind)),
    };
    let bound = |bound: &LitStr| -> syn::Result<(Number, TokenStream)> {
        if is_duration {
            let value = duration(bound)?;
            Ok((Number::Duration(value), duration_tokens(value, bound)))
        } else {
            let value = bytes(bound)?;
            Ok((Number::Bytes(value), bytes_tokens(value, bound, krate)))
        }
    };
    let (start, start_tokens) = start.as_ref().map(bound).transpose()?.unzip();
    let (end, end_tokens) = end.as_ref().map(bound).transpose()?.unzip();
    let limits = if inclusive { quote!(..=) } else { quote!(..) };
    Ok(Range {
        tokens: quote!((#start_tokens #limits #end_tokens)),
        span: text.span(),
        text: value,
        start,
        end,
        inclusive,
    })
}

fn duration(text: &LitStr) -> syn::Result<Duration> {
    humantime::parse_duration(&text.value()).or_else(|_| {
        error(text, format!("`{}` is no duration; write a number with a unit: `ms`, `s`, `min`, `h`, as in `\"30s\"`", text.value()))
    })
}

fn duration_tokens(duration: Duration, text: &LitStr) -> TokenStream {
    let seconds = Literal::u64_unsuffixed(duration.as_secs());
    let nanoseconds = Literal::u32_unsuffixed(duration.subsec_nanos());
    let span = text.span();
    quote_spanned! {span=> ::core::time::Duration::new(#seconds, #nanoseconds) }
}

fn bytes(text: &LitStr) -> syn::Result<u64> {
    match text.value().trim().parse::<bytesize::ByteSize>() {
        Ok(size) => Ok(size.as_u64()),
        Err(_) => error(
            text,
            format!(
                "`{}` is no size; write a number with a unit, as in `\"64 MiB\"`",
                text.value()
            ),
        ),
    }
}

fn bytes_tokens(bytes: u64, text: &LitStr, krate: &impl ToTokens) -> TokenStream {
    let bytes = Literal::u64_unsuffixed(bytes);
    let span = text.span();
    quote_spanned! {span=> #krate::ByteSize::b(#bytes) }
}

/// Finds what can be found without a URL parser, which would double this crate's compile time.
fn check_url(text: &LitStr) -> syn::Result<()> {
    let value = text.value();
    let wrong = |why: &str| {
        error(
            text,
            format!("{why}; a URL is written as in `\"http://localhost:9200\"`"),
        )
    };
    let Some((scheme, rest)) = value.split_once("://") else {
        return wrong("a scheme such as `http://` is missing");
    };
    let scheme_is_right = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !scheme_is_right {
        return wrong("the scheme is malformed");
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong("a URL has no white space");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (host_and_port, ""),
    };
    let brackets_match = host.starts_with('[') == host.ends_with(']');
    let host_is_right =
        brackets_match && !host.contains(['%', '<', '>', '^', '|', '\\', '"', '`', '{', '}']);
    if (host.is_empty() && scheme != "file") || !host_is_right {
        return wrong("the host is missing or malformed");
    }
    if !port.is_empty() && port.parse::<u16>().is_err() {
        return wrong("the port is no number up to 65535");
    }
    Ok(())
}

/// The crate's path with the span of what uses it, so that messages point there.
fn krate_at(krate: &Path, span: Span) -> TokenStream {
    let is_ours = krate.leading_colon.is_some() && compact(krate) == "::connreg";
    if is_ours {
        quote_spanned!(span=> ::connreg)
    } else {
        krate.to_token_stream()
    }
}

/// Tokens as a person writes them.
pub(crate) fn compact(tokens: impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.replace(" ..= ", "..=")
        .replace(" .. ", "..")
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace("- ", "-")
        .replace(" ! ", "!")
        .replace("& ", "&")
}
