//! Which series of a connection a recorder has been told of: one that it has been told of it never forgets.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::ErrorKind;

/// Series that not every connection has at all times, as bits.
#[derive(Debug, Default)]
pub(crate) struct Told(AtomicU32);

const REQUIRED: u32 = 1 << 31;
const OPTIONAL: u32 = 1 << 30;
const POOL: u32 = 1 << 29;
const LATENCY: u32 = 1 << 28;

// The bits of the kinds lie below.
const _: () = assert!(ErrorKind::ALL.len() <= 28);

impl Told {
    fn note(&self, bits: u32) -> u32 {
        self.0.fetch_or(bits, Ordering::Relaxed) | bits
    }

    /// `last`, and the kinds that were told before, which must not stay at 1.
    pub(super) fn errors(&self, last: Option<ErrorKind>) -> impl Iterator<Item = ErrorKind> {
        let bit = |kind: ErrorKind| 1_u32 << kind as u32;
        let told = self.note(last.map_or(0, bit));
        let all = ErrorKind::ALL.into_iter();
        all.filter(move |kind| told & bit(*kind) != 0)
    }

    /// Notes what the connection is; which of `required` and not were told.
    pub(super) fn required(&self, is: Option<bool>) -> impl Iterator<Item = bool> {
        let told = self.note(match is {
            Some(true) => REQUIRED,
            Some(false) => OPTIONAL,
            None => 0,
        });
        let bits = [(true, REQUIRED), (false, OPTIONAL)].into_iter();
        bits.filter_map(move |(is, bit)| (told & bit != 0).then_some(is))
    }

    /// Whether there has ever been a pool.
    pub(super) fn pool(&self, is: bool) -> bool {
        self.note(if is { POOL } else { 0 }) & POOL != 0
    }

    /// Whether it has ever been checked.
    pub(super) fn latency(&self, is: bool) -> bool {
        self.note(if is { LATENCY } else { 0 }) & LATENCY != 0
    }
}
