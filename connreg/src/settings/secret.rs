//! Text that is never shown.

use std::fmt;
use std::hint::black_box;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password, token or connection string: redacted in every output, wiped from memory when dropped.
///
/// `serde` reads it, and refuses to write it: whatever holds one can derive `Serialize`, and writing it is an error. Two of
/// them are compared in a time that tells nothing but their lengths; there is no order among them, and no hash.
///
/// # Examples
///
/// ```
/// let secret = connreg::Secret::from("hunter2");
/// assert_eq!(format!("{secret:?} {secret}"), "[redacted] [redacted]");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// The text itself. Pass it on; don't keep or print it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<String> for Secret {
    fn from(mut text: String) -> Self {
        if text.len() == text.capacity() {
            return Self(text.into());
        }
        // Shrinking it may move it, and would leave a copy behind.
        let exact = Self(Box::<str>::from(text.as_str()).into());
        text.zeroize();
        exact
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.expose().as_bytes(), other.expose().as_bytes());
        let difference = a
            .iter()
            .zip(b)
            .fold(0, |difference, (a, b)| difference | (a ^ b));
        // So that the compiler does not stop at the first difference.
        a.len() == b.len() && black_box(difference) == 0
    }
}

impl Eq for Secret {}

/// What it is made of wipes itself.
impl ZeroizeOnDrop for Secret {}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom(
            "a secret is not written: leave the field out with `#[serde(skip_serializing)]`",
        ))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
