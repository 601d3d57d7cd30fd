//! What a literal means for a kind of setting, checked before anything is compiled.
//!
//! [`default`] and [`range`] are what the words take; [`text`] reads durations, sizes and URLs.

mod default;
mod range;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::time::Duration;

use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, LitStr, UnOp};

pub(crate) use default::Default;
pub(crate) use range::Range;

/// A value that can be compared with the bounds of a range.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Number {
    Integer(i128),
    Float(f64),
    Duration(Duration),
    Bytes(u64),
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

/// Tokens as a person writes them.
pub(crate) fn compact(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, written) in [
        (" ..= ", "..="),
        (" ..=", "..="),
        ("..= ", "..="),
        (" .. ", ".."),
        (" ..", ".."),
        (".. ", ".."),
        (" :: ", "::"),
        (":: ", "::"),
        ("- ", "-"),
        (" ! ", "!"),
        ("& ", "&"),
    ] {
        text = text.replace(spaced, written);
    }
    text
}
