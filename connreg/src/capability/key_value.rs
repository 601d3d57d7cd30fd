//! `KeyValue`: a store of bytes under text keys.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::ConnectError;

/// Why a [`KeyValue`] operation failed.
pub type KeyValueError = ConnectError;

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
