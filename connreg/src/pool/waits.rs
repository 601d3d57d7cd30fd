//! How long acquisitions waited: their sum and a histogram of fixed size, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Each power of two is split into this many buckets, so that a bucket is an eighth wide at the most.
const PARTS: u64 = 8;
const PART_BITS: u32 = PARTS.ilog2();
/// The last power of two that is told apart: 2³⁶ µs are 19 hours.
const LAST_POWER: u32 = 36;
const BUCKETS: usize = ((LAST_POWER - PART_BITS + 2) as usize) << PART_BITS;

/// Waits in microseconds.
pub(super) struct Waits {
    sum: AtomicU64,
    buckets: Box<[AtomicU64]>,
}

impl Waits {
    pub(super) fn new() -> Self {
        Self {
            sum: AtomicU64::new(0),
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub(super) fn record(&self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        self.sum.fetch_add(micros, Ordering::Relaxed);
        self.buckets[bucket(micros)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sum(&self) -> Duration {
        Duration::from_micros(self.sum.load(Ordering::Relaxed))
    }

    /// The bucket's upper end below which 99 of 100 lie; nothing when there was no wait yet.
    pub(super) fn p99(&self) -> Duration {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        let all: u64 = counts.iter().sum();
        let beyond = all / 100;
        let mut seen = 0;
        for (index, count) in counts.iter().enumerate().rev() {
            seen += count;
            if seen > beyond {
                return Duration::from_micros(upper_end(index as u64));
            }
        }
        Duration::ZERO
    }
}

fn bucket(micros: u64) -> usize {
    if micros < PARTS {
        return usize::try_from(micros).unwrap_or(0);
    }
    let power = micros.ilog2();
    if power > LAST_POWER {
        return BUCKETS - 1;
    }
    let part = (micros >> (power - PART_BITS)) & (PARTS - 1);
    let index = u64::from(power - PART_BITS + 1) * PARTS + part;
    usize::try_from(index).unwrap_or(BUCKETS - 1)
}

/// The longest wait, in microseconds, that falls into a bucket.
fn upper_end(index: u64) -> u64 {
    if index < PARTS {
        return index;
    }
    let (power, part) = (index / PARTS - 1, index % PARTS);
    ((PARTS + part + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_lies_in_its_bucket_and_less_than_an_eighth_below_its_end(micros in 0..1_u64 << 37) {
            let end = upper_end(bucket(micros) as u64);
            prop_assert!(end >= micros && (end - micros) * PARTS <= micros.max(1), "{end}");
        }
    }

    #[test]
    fn the_slowest_of_a_hundred_is_beyond_the_99th() {
        let waits = Waits::new();
        assert_eq!(waits.p99(), Duration::ZERO);
        for _ in 0..99 {
            waits.record(Duration::from_micros(5));
        }
        waits.record(Duration::from_secs(1));
        assert_eq!(waits.p99(), Duration::from_micros(5));
        waits.record(Duration::from_secs(1));
        assert!(waits.p99() >= Duration::from_secs(1));
        assert_eq!(waits.sum(), Duration::from_micros(495 + 2_000_000));
        waits.record(Duration::MAX);
    }
}
