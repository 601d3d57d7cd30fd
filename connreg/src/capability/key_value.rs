//! `KeyValue`: a store of bytes under text keys; and the rules that every store of the kind shares.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::{ConnectError, Error, ErrorKind};

/// Why a [`KeyValue`] operation failed.
pub type KeyValueError = Error;

/// The most keys that one page of [`KeyValue::scan`] is made for, whatever was asked.
pub const LARGEST_PAGE: usize = 10_000;

/// A store of bytes under text keys, with expiry and atomic change.
///
/// Ask for it by `connections.get_as::<dyn KeyValue>("cache")`; which product answers is the configuration's
/// business. Keys are any text of at least one byte; values are any bytes.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value under `key`; `None` if there is none or it has expired.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError>;

    /// Puts `value` under `key`, replacing what was there along with its expiry; it lives for
    /// `expiry`, or until deleted.
    ///
    /// # Errors
    ///
    /// Also if `expiry` is under a millisecond.
    async fn set(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<(), KeyValueError>;

    /// Like [`set`](Self::set) if there is nothing under `key`. Says whether it was set. Atomic.
    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<bool, KeyValueError>;

    /// Replaces the value under `key` by `new` if it is `expected` (`None`: if there is none). Says
    /// whether it was replaced. An expiry that was there is kept. Atomic.
    async fn compare_and_swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<bool, KeyValueError>;

    /// Removes `key`. Says whether there was something.
    async fn delete(&self, key: &str) -> Result<bool, KeyValueError>;

    /// Adds `by` to the decimal number under `key` (nothing counts as 0) and gives the sum. An expiry that
    /// was there is kept. Atomic.
    ///
    /// # Errors
    ///
    /// Also if what is there is no whole number, or the sum does not fit; nothing changes then.
    async fn increment(&self, key: &str, by: i64) -> Result<i64, KeyValueError>;

    /// Some keys that begin with `prefix`, and how to go on: start with `cursor` `None`, pass each page's
    /// `next` on, end when it is `None`. Pages may be empty or of any length near `limit`; a key
    /// that is there all the while comes at least once, one that comes or goes meanwhile may or may not come.
    async fn scan(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ScanPage, KeyValueError>;
}

/// One page of [`KeyValue::scan`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanPage {
    /// The keys, in no order that can be relied on.
    pub keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

/// Refuses an empty key. For those who implement [`KeyValue`].
///
/// # Errors
///
/// The key is empty.
pub fn check_key(key: &str) -> Result<(), ConnectError> {
    if key.is_empty() {
        return Err(ConnectError::new(ErrorKind::Other, "the key is empty")
            .with_help("a key is at least one byte long"));
    }
    Ok(())
}

/// An expiry in whole milliseconds. For those who implement [`KeyValue`].
///
/// # Errors
///
/// It is under a millisecond, which would mean "at once" or "never" depending on the store.
pub fn expiry_millis(expiry: Option<Duration>) -> Result<Option<u64>, ConnectError> {
    match expiry.map(|expiry| u64::try_from(expiry.as_millis()).unwrap_or(u64::MAX)) {
        Some(0) => Err(
            ConnectError::new(ErrorKind::Other, "the expiry is under a millisecond")
                .with_help("give an expiry of `Duration::from_millis(1)` or more, or `None`"),
        ),
        millis => Ok(millis),
    }
}

/// What [`KeyValue::increment`] makes of the value that was there. For those who implement [`KeyValue`].
///
/// # Errors
///
/// What was there is no whole number, or the sum does not fit.
pub fn sum(found: Option<&[u8]>, by: i64) -> Result<i64, ConnectError> {
    let start = found.map_or(Some(0), decimal).ok_or_else(not_a_number)?;
    start.checked_add(by).ok_or_else(out_of_range)
}

/// A number as [`i64`] writes it: no sign but a minus, no space, no leading zeros.
fn decimal(value: &[u8]) -> Option<i64> {
    let number: i64 = str::from_utf8(value).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == value).then_some(number)
}

/// The error of incrementing what is no whole number.
pub fn not_a_number() -> ConnectError {
    ConnectError::new(
        ErrorKind::Other,
        "the value is not a whole decimal number of 64 bits",
    )
    .with_help("increment only what `increment` made, or was set to a number")
}

/// The error of incrementing beyond what fits.
pub fn out_of_range() -> ConnectError {
    ConnectError::new(ErrorKind::Other, "the sum does not fit into 64 bits")
        .with_help("delete or reset the counter")
}
