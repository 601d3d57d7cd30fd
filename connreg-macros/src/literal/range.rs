//! `range = …`: bounds that fit the setting, and that leave room for a value.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprRange, LitStr, Path, RangeLimits};

use super::text::{bytes, bytes_tokens, duration, duration_tokens};
use super::{Number, Signed, compact, error};
use crate::kind::Kind;

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
    /// The range that `expr` is for a setting of `kind`.
    pub(crate) fn parse(expr: &Expr, kind: &Kind, krate: &Path) -> syn::Result<Self> {
        let kind = kind.required();
        let range = match (expr, Signed::of(expr).as_ref().and_then(Signed::text)) {
            (_, Some(text)) => text_range(text, kind, krate)?,
            (Expr::Paren(paren), _) => return Self::parse(&paren.expr, kind, krate),
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
            integer.check(number, bound)?;
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
