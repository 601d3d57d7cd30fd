//! Chance, from the seeds that the standard library makes for its maps: enough for an order or a delay.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// A random number.
fn number() -> u64 {
    RandomState::new().hash_one(0)
}

/// A random number of at least 0 and less than 1.
pub(super) fn fraction() -> f64 {
    let bits = u32::try_from(number() >> 32).unwrap_or(0);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// A random order.
pub(super) fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let chosen = number() % (last as u64 + 1);
        items.swap(last, usize::try_from(chosen).unwrap_or(last));
    }
}
