//! What a type must have to be a setting's, and choices between words.
//!
//! The types themselves are in [`super::scalars`], [`super::durations`] and [`super::collections`].

use std::fmt::{self, Formatter};
use std::iter;

use url::Url;

use super::context::Context;
use super::{Choice, Field, FieldReader, Shape, TableReader};
use crate::config::code::Code;
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
        context.wrong_value(Code::WrongKind, node, message);
        return None;
    };
    let is_meant = |word: &str| same_name(word, text.trim());
    let found = choices.iter().position(|choice| {
        is_meant(choice.name) || choice.aliases.iter().any(|word| is_meant(word))
    });
    if found.is_none() {
        let known: Vec<_> = choices.iter().map(|choice| choice.name).collect();
        let found = match context.quotable(node) {
            Some(text) => format!("`{text}`"),
            None => node.kind().to_owned(),
        };
        let message = format!("expected one of {}, found {found}", known.join(", "));
        if let Some(near) = nearest(&text, words()) {
            context.wrong_value_with(
                Code::NotAllowed,
                node,
                message,
                format!("did you mean `{near}`?"),
            );
        } else {
            context.wrong_value(Code::NotAllowed, node, message);
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

pub(super) use shown_by_debug;

/// Reports that a value is below zero, if that is what is wrong with it.
pub(super) fn below_zero<T>(node: &Node, context: &mut Context<'_>, shape: &Shape) -> Option<T> {
    let below = match &node.value {
        Value::Integer(number) => *number < 0,
        Value::Float(number) => *number < 0.0,
        Value::Text(text) => text.trim().starts_with('-'),
        _ => false,
    };
    if !below {
        return not_understood(node, context, shape);
    }
    let message = match node.scalar_text() {
        Some(text) if context.may_tell(node) => format!("`{text}` is below zero"),
        _ => "a value below zero".to_owned(),
    };
    let help = format!("write {}", shape.noun());
    context.wrong_value_with(Code::OutOfRange, node, message, help);
    None
}

/// Reports that the value isn't what the shape takes, quoting text where that is allowed.
pub(super) fn not_understood<T>(
    node: &Node,
    context: &mut Context<'_>,
    shape: &Shape,
) -> Option<T> {
    match context.quotable(node) {
        Some(text) => {
            context.wrong_value(
                Code::WrongKind,
                node,
                format!("expected {}, found `{text}`", shape.noun()),
            );
        }
        None => context.wrong_kind(node, shape),
    }
    None
}
