//! What `range`, `min_len`, `max_len` and `one_of` can be asked of.

use super::Secret;

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

/// Types that `one_of` fits.
#[diagnostic::on_unimplemented(
    message = "`one_of` does not fit a `{Self}`",
    label = "`one_of` takes `String` and `Option<String>`"
)]
pub trait OneOf {
    /// The text, if there is one.
    fn text(&self) -> Option<&str>;
}

impl OneOf for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl OneOf for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
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
