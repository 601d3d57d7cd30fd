//! Numbers, booleans, text, secrets, paths, URLs and sizes as settings.

use std::fmt::{self, Formatter};
use std::path::PathBuf;

use bytesize::ByteSize;
use url::Url;

use super::context::Context;
use super::limits::Ranged;
use super::value::{below_zero, not_understood, shown_by_debug};
use super::{Secret, SettingValue, Shape};
use crate::config::code::Code;
use crate::config::tree::{Node, Value};

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl SettingValue for $type {
            // Every integer type but u128 fits an i128; the reader's numbers do too.
            #[allow(clippy::cast_lossless, clippy::cast_possible_wrap)]
            const SHAPE: Shape = Shape::Integer { min: <$type>::MIN as i128, max: <$type>::MAX as i128 };

            shown_by_debug!("0");

            fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
                let number = integer(node, context, &Self::SHAPE)?;
                if let Ok(number) = <$type>::try_from(number) {
                    return Some(number);
                }
                let of_type = || format!("{}..={}", <$type>::MIN, <$type>::MAX);
                let range = context.range().map_or_else(of_type, str::to_owned);
                let message = if !context.may_tell(node) {
                    format!("out of range, which is {range}")
                } else {
                    format!("{number} is out of range, which is {range}")
                };
                context.wrong_value(Code::OutOfRange, node, message);
                None
            }
        }

        impl Ranged for $type {
            type Value = Self;
            fn ranged(&self) -> Option<&Self> {
                Some(self)
            }
            fn text(value: &Self) -> String {
                value.to_string()
            }
        }
    )*};
}

integers! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl SettingValue for $type {
            const SHAPE: Shape = Shape::Float;

            shown_by_debug!("0.0");

            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
            fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
                let number = match &node.value {
                    Value::Float(number) => Some(*number as $type),
                    Value::Integer(number) => Some(*number as $type),
                    Value::Text(text) => text.trim().parse().ok(),
                    _ => None,
                };
                match number.filter(|number| number.is_finite()) {
                    Some(number) => Some(number),
                    None => not_understood(node, context, &Self::SHAPE),
                }
            }
        }

        impl Ranged for $type {
            type Value = Self;
            fn ranged(&self) -> Option<&Self> {
                Some(self)
            }
            fn text(value: &Self) -> String {
                value.to_string()
            }
        }
    )*};
}

floats! { f32 f64 }

fn integer(node: &Node, context: &mut Context<'_>, shape: &Shape) -> Option<i128> {
    match &node.value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => match text.trim().replace('_', "").parse() {
            Ok(number) => Some(number),
            Err(_) => not_understood(node, context, shape),
        },
        _ => not_understood(node, context, shape),
    }
}

impl SettingValue for bool {
    const SHAPE: Shape = Shape::Bool;

    shown_by_debug!("false");

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(true),
                "false" | "no" | "off" | "0" => Some(false),
                _ => not_understood(node, context, &Self::SHAPE),
            },
            _ => not_understood(node, context, &Self::SHAPE),
        }
    }
}

fn text(node: &Node, context: &mut Context<'_>, shape: &Shape) -> Option<String> {
    let text = node.scalar_text();
    if text.is_none() {
        context.wrong_kind(node, shape);
    }
    text
}

impl SettingValue for String {
    const SHAPE: Shape = Shape::Text;

    shown_by_debug!("");

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        text(node, context, &Self::SHAPE)
    }
}

impl SettingValue for Secret {
    const SHAPE: Shape = Shape::Secret;

    shown_by_debug!();

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        text(node, context, &Self::SHAPE).map(Self::from)
    }
}

impl SettingValue for PathBuf {
    const SHAPE: Shape = Shape::Path;

    shown_by_debug!("");

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        text(node, context, &Self::SHAPE).map(Self::from)
    }
}

impl SettingValue for Url {
    const SHAPE: Shape = Shape::Url;

    fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.password().is_none() {
            return write!(formatter, "{:?}", self.as_str());
        }
        let mut shown = self.clone();
        // Only a URL without a host refuses, and it has no password either.
        match shown.set_password(Some("redacted")) {
            Ok(()) => write!(formatter, "{:?}", shown.as_str()),
            Err(()) => formatter.write_str("[redacted]"),
        }
    }

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let Value::Text(text) = &node.value else {
            context.wrong_kind(node, &Self::SHAPE);
            return None;
        };
        match Self::parse(text) {
            Ok(url) => Some(url),
            // The text itself may hold a password, so it is not quoted.
            Err(error) => {
                context.wrong_value(Code::NotAUrl, node, format!("not a URL: {error}"));
                None
            }
        }
    }
}

impl SettingValue for ByteSize {
    const SHAPE: Shape = Shape::ByteSize;

    shown_by_debug!("0 B");

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let size = match &node.value {
            Value::Integer(bytes) => u64::try_from(*bytes).ok().map(Self::b),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match size {
            Some(size) => Some(size),
            None => below_zero(node, context, &Self::SHAPE),
        }
    }
}

impl Ranged for ByteSize {
    type Value = Self;
    fn ranged(&self) -> Option<&Self> {
        Some(self)
    }
    fn text(value: &Self) -> String {
        value.to_string()
    }
}
