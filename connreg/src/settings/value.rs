//! The types that a setting can have, and how each is read from a configuration value.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Formatter};
use std::hash::BuildHasher;
use std::iter;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use url::Url;

use super::reader::Context;
use super::{Choice, Field, FieldReader, Secret, Shape, TableReader};
use crate::config::tree::{Node, Value, same_name};
use crate::nearest::nearest;

/// A type that a setting can have.
///
/// Structs and unit enums get it by `#[derive(connreg::Settings)]`; other types that `serde` can read are
/// used with `#[setting(serde)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the type of a setting",
    label = "not a setting's type",
    note = "derive `connreg::Settings` for your own structs and unit enums, \
            or write `#[setting(serde)]` for a type that implements `serde::Deserialize`"
)]
pub trait SettingValue: Sized {
    /// What may be written.
    const SHAPE: Shape;

    /// Whether [`absent`](Self::absent) gives a value.
    const OPTIONAL: bool = false;

    /// The type's `Default` as a person would write it, where it has one that can be written.
    const DEFAULT: Option<&'static str> = None;

    /// Converts `node`, or reports why not and gives `None`.
    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self>;

    /// The value where the key is not there; `None` makes that a mistake.
    fn absent() -> Option<Self> {
        None
    }

    /// Writes the value for a person, as `Debug` does, without any secret in it.
    fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result;

    /// The value for `Debug`, without any secret in it.
    fn shown(&self) -> Shown<'_> {
        Shown(self)
    }

    /// Starts to read a field of this type.
    fn begin<'r, 'c, 'a>(
        table: &'r mut TableReader<'c, 'a>,
        field: &'static Field,
    ) -> FieldReader<'r, 'c, 'a, Self> {
        table.field(field)
    }
}

/// A setting's value, shown as its type shows it: without any secret.
pub struct Shown<'a>(&'a dyn Show);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.0.show_value(formatter)
    }
}

/// [`SettingValue::show`] of a type that is not known any more.
trait Show {
    fn show_value(&self, formatter: &mut Formatter<'_>) -> fmt::Result;
}

impl<T: SettingValue> Show for T {
    fn show_value(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.show(formatter)
    }
}

/// Types whose default can be given as a text in the attribute.
#[diagnostic::on_unimplemented(
    message = "the default of a `{Self}` can't be given as text",
    label = "no default can be made from text for this type",
    note = "write an expression, such as `default = Mode::Fast` or `default = Port(80)`"
)]
pub trait DefaultText {
    /// The value that `text` stands for.
    fn from_text(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: From<&'static str>> DefaultText for T {
    fn from_text(text: &'static str) -> Self {
        text.into()
    }
}

/// The default that `text` is for a type of which the macro only knows the name.
pub fn default_text<T: DefaultText>(text: &'static str) -> T {
    T::from_text(text)
}

/// A default whose form the macro has checked.
///
/// # Panics
///
/// If it is no URL all the same.
pub fn url(text: &'static str) -> Url {
    match Url::parse(text) {
        Ok(url) => url,
        Err(error) => panic!("the default `{text}` of a setting is no URL: {error}"),
    }
}

/// Which of the words of `T`, whose shape is [`Shape::Choice`], is written; `None` once a mistake is reported.
pub fn choose<T: SettingValue>(node: &Node, context: &mut Context<'_>) -> Option<usize> {
    let Shape::Choice(choices) = T::SHAPE else {
        return None;
    };
    let words = || {
        let words =
            |choice: &'static Choice| iter::once(choice.name).chain(choice.aliases.iter().copied());
        choices.iter().flat_map(words)
    };
    let Some(text) = node.scalar_text() else {
        let known: Vec<_> = choices.iter().map(|choice| choice.name).collect();
        let message = format!(
            "expected one of {}, found {}",
            known.join(", "),
            node.kind()
        );
        context.wrong_value(node, message);
        return None;
    };
    let is_meant = |word: &str| same_name(word, text.trim());
    let found = choices.iter().position(|choice| {
        is_meant(choice.name) || choice.aliases.iter().any(|word| is_meant(word))
    });
    if found.is_none() {
        let known: Vec<_> = choices.iter().map(|choice| choice.name).collect();
        let found = if context.is_secret() || node.origin.via.is_some() {
            node.kind().to_owned()
        } else {
            format!("`{text}`")
        };
        let message = format!("expected one of {}, found {found}", known.join(", "));
        if let Some(near) = nearest(&text, words()) {
            context.wrong_value_with(node, message, format!("did you mean `{near}`?"));
        } else {
            context.wrong_value(node, message);
        }
    }
    found
}

/// `Debug` is fit to be shown, and the `Default`, if there is one to tell of, is written so.
macro_rules! shown_by_debug {
    ($($default:literal)?) => {
        $(const DEFAULT: Option<&'static str> = Some($default);)?

        fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(self, formatter)
        }
    };
}

/// Types that `range` fits.
#[diagnostic::on_unimplemented(
    message = "`range` does not fit a `{Self}`",
    label = "`range` takes numbers, `Duration` and `ByteSize`, and `Option`s of them"
)]
pub trait Ranged {
    /// What is compared.
    type Value: PartialOrd;
    /// The value, if there is one.
    fn ranged(&self) -> Option<&Self::Value>;
    /// The value as a person would write it.
    fn text(value: &Self::Value) -> String;
}

/// Types that `min_len` and `max_len` fit.
#[diagnostic::on_unimplemented(
    message = "`min_len` and `max_len` do not fit a `{Self}`",
    label = "they take text, lists and maps, and `Option`s of them"
)]
pub trait Length {
    /// What is counted.
    const UNIT: &'static str;
    /// How many there are, if there is a value.
    fn length(&self) -> Option<usize>;
}

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
                let range = format!("{}..={}", <$type>::MIN, <$type>::MAX);
                let message = if context.is_secret() {
                    format!("out of range, which is {range}")
                } else {
                    format!("{number} is out of range, which is {range}")
                };
                context.wrong_value(node, message);
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

/// Reports that the value isn't what the shape takes, quoting text where that is allowed.
fn not_understood<T>(node: &Node, context: &mut Context<'_>, shape: &Shape) -> Option<T> {
    match &node.value {
        Value::Text(text) if !context.is_secret() && node.origin.via.is_none() => {
            context.wrong_value(node, format!("expected {}, found `{text}`", shape.noun()));
        }
        _ => context.wrong_kind(node, shape),
    }
    None
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
                context.wrong_value(node, format!("not a URL: {error}"));
                None
            }
        }
    }
}

impl SettingValue for Duration {
    const SHAPE: Shape = Shape::Duration;

    shown_by_debug!("0s");

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let duration = match &node.value {
            Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Self::from_secs),
            Value::Float(seconds) => Self::try_from_secs_f64(*seconds).ok(),
            Value::Text(text) => parse_duration(text),
            _ => None,
        };
        match duration {
            Some(duration) => Some(duration),
            None => not_understood(node, context, &Self::SHAPE),
        }
    }
}

/// Reads `30` and `2.5` (seconds), `30s`, `1h 30m`, `00:00:30` and `1.02:03:04.5` (days before the dot, as .NET writes).
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.contains(':') {
        return parse_clock(text);
    }
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

fn parse_clock(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (head, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = match head.split_once('.') {
        Some((days, hours)) => (days.parse::<u64>().ok()?, hours),
        None => (0, head),
    };
    let hours = hours.parse::<u64>().ok()?;
    let minutes = minutes
        .parse::<u64>()
        .ok()
        .filter(|minutes| *minutes < 60)?;
    let seconds = seconds
        .parse::<f64>()
        .ok()
        .filter(|seconds| (0.0..60.0).contains(seconds))?;
    let whole = days
        .checked_mul(24)?
        .checked_add(hours)?
        .checked_mul(60)?
        .checked_add(minutes)?;
    Duration::from_secs(whole.checked_mul(60)?)
        .checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

impl Ranged for Duration {
    type Value = Self;
    fn ranged(&self) -> Option<&Self> {
        Some(self)
    }
    fn text(value: &Self) -> String {
        humantime::format_duration(*value).to_string()
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
            None => not_understood(node, context, &Self::SHAPE),
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

impl<T: SettingValue> SettingValue for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    const OPTIONAL: bool = true;

    fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref().map(T::shown), formatter)
    }

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        match node.value {
            Value::Null => Some(None),
            _ => T::parse(node, context).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Ranged> Ranged for Option<T> {
    type Value = T::Value;
    fn ranged(&self) -> Option<&T::Value> {
        self.as_ref().and_then(T::ranged)
    }
    fn text(value: &T::Value) -> String {
        T::text(value)
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    const DEFAULT: Option<&'static str> = Some("[]");

    fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.iter().map(T::shown))
            .finish()
    }

    fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            // One value stands for a list of one; text that had to be one line is split at commas.
            return match &node.value {
                Value::Text(text) if node.origin.is_one_line() => split(text, node, context),
                Value::Null | Value::Table(_) => {
                    context.wrong_kind(node, &Self::SHAPE);
                    None
                }
                _ => T::parse(node, context).map(|value| vec![value]),
            };
        };
        // All items are read, so that all their mistakes are told.
        let values: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| context.within(&format!("[{index}]"), |c| T::parse(item, c)))
            .collect();
        values.into_iter().collect()
    }
}

fn split<T: SettingValue>(text: &str, node: &Node, context: &mut Context<'_>) -> Option<Vec<T>> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let values: Vec<Option<T>> = parts
        .map(|part| {
            T::parse(
                &Node::new(Value::Text(part.into()), node.origin.clone()),
                context,
            )
        })
        .collect();
    values.into_iter().collect()
}

macro_rules! maps {
    ($($map:ident $(<$hasher:ident>)?)*) => {$(
        impl<T: SettingValue $(, $hasher: BuildHasher + Default)?> SettingValue for $map<String, T $(, $hasher)?> {
            const SHAPE: Shape = Shape::Map(&T::SHAPE);

            const DEFAULT: Option<&'static str> = Some("{}");

            fn show(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                formatter.debug_map().entries(self.iter().map(|(key, value)| (key, value.shown()))).finish()
            }

            fn parse(node: &Node, context: &mut Context<'_>) -> Option<Self> {
                let Some(table) = node.as_table() else {
                    context.wrong_kind(node, &Self::SHAPE);
                    return None;
                };
                let pairs: Vec<Option<(String, T)>> = table
                    .entries
                    .iter()
                    .map(|entry| {
                        let value = context.within(&entry.key, |c| T::parse(&entry.node, c))?;
                        Some((entry.key.clone(), value))
                    })
                    .collect();
                pairs.into_iter().collect()
            }
        }

        impl<T $(, $hasher)?> Length for $map<String, T $(, $hasher)?> {
            const UNIT: &'static str = "entries";
            fn length(&self) -> Option<usize> {
                Some(self.len())
            }
        }
    )*};
}

maps! { HashMap<S> BTreeMap }

impl Length for String {
    const UNIT: &'static str = "characters";
    fn length(&self) -> Option<usize> {
        Some(self.chars().count())
    }
}

impl Length for Secret {
    const UNIT: &'static str = "characters";
    fn length(&self) -> Option<usize> {
        Some(self.expose().chars().count())
    }
}

impl<T> Length for Vec<T> {
    const UNIT: &'static str = "elements";
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

impl<T: Length> Length for Option<T> {
    const UNIT: &'static str = T::UNIT;
    fn length(&self) -> Option<usize> {
        self.as_ref().and_then(T::length)
    }
}
