//! How long to wait between two attempts.

use std::time::Duration;

use super::{Jitter, RetrySettings, RetryStrategy};

/// The delays of one operation's attempts, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Delays<'a> {
    settings: &'a RetrySettings,
    /// How many delays there have been.
    count: u32,
    previous: Duration,
}

impl<'a> Delays<'a> {
    pub(crate) fn new(settings: &'a RetrySettings) -> Self {
        Self {
            settings,
            count: 0,
            previous: settings.base_delay,
        }
    }

    /// The next delay, with `random` from `[0, 1)`; what the server asked for wins over it.
    pub(crate) fn next(&mut self, random: f64, hint: Option<Duration>) -> Duration {
        let computed = self.computed(random);
        self.count = self.count.saturating_add(1);
        self.previous = computed;
        hint.unwrap_or(computed)
    }

    fn computed(&self, random: f64) -> Duration {
        let Self {
            settings: s,
            count,
            previous,
        } = self;
        let (base, cap) = (s.base_delay.as_secs_f64(), s.max_delay.as_secs_f64());
        let delay = match s.strategy {
            RetryStrategy::Fixed => base,
            RetryStrategy::Linear => base * (f64::from(*count) + 1.0),
            RetryStrategy::Exponential => base * s.multiplier.powf(f64::from(*count)),
            RetryStrategy::Decorrelated => {
                let top = (previous.as_secs_f64() * 3.0).max(base);
                // Random by itself; jitter on top would halve it again.
                return seconds((base + random * (top - base)).min(cap));
            }
        };
        let delay = delay.min(cap);
        seconds(match s.jitter {
            Jitter::Full => random * delay,
            Jitter::Equal => delay / 2.0 + random * delay / 2.0,
            Jitter::None => delay,
        })
    }
}

/// No panic for what does not fit: `cap` is finite, and a delay beyond it was cut.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(settings: &RetrySettings, random: f64, count: usize) -> Vec<u128> {
        let mut delays = Delays::new(settings);
        (0..count)
            .map(|_| delays.next(random, None).as_millis())
            .collect()
    }

    #[test]
    fn each_strategy_grows_in_its_way_up_to_the_cap() {
        let with = |strategy| RetrySettings {
            strategy,
            jitter: Jitter::None,
            max_delay: Duration::from_millis(700),
            ..RetrySettings::default()
        };
        for (strategy, expected) in [
            (RetryStrategy::Fixed, [100, 100, 100, 100, 100]),
            (RetryStrategy::Linear, [100, 200, 300, 400, 500]),
            (RetryStrategy::Exponential, [100, 200, 400, 700, 700]),
            // Half way between the base and three times the one before.
            (RetryStrategy::Decorrelated, [200, 350, 575, 700, 700]),
        ] {
            assert_eq!(first(&with(strategy), 0.5, 5), expected, "{strategy:?}");
        }
    }

    #[test]
    fn jitter_spreads_over_all_half_or_nothing() {
        let with = |jitter| RetrySettings {
            jitter,
            ..RetrySettings::default()
        };
        for (jitter, lowest, middle) in [
            (Jitter::Full, 0, 50),
            (Jitter::Equal, 50, 75),
            (Jitter::None, 100, 100),
        ] {
            assert_eq!(first(&with(jitter), 0.0, 1), [lowest], "{jitter:?}");
            assert_eq!(first(&with(jitter), 0.5, 1), [middle], "{jitter:?}");
        }
    }

    #[test]
    fn the_servers_word_wins() {
        let settings = RetrySettings::default();
        let hint = Duration::from_secs(42);
        assert_eq!(Delays::new(&settings).next(0.1, Some(hint)), hint);
    }

    proptest! {
        #[test]
        fn no_delay_is_longer_than_the_cap_or_panics(
            base in 1_u64..600_000,
            cap in 1_u64..3_600_000,
            multiplier in 1.0_f64..100.0,
            strategy in 0_usize..4,
            jitter in 0_usize..3,
            randoms in proptest::collection::vec(0.0_f64..1.0, 1..200),
        ) {
            use RetryStrategy::{Decorrelated, Exponential, Fixed, Linear};
            let settings = RetrySettings {
                base_delay: Duration::from_millis(base),
                max_delay: Duration::from_millis(cap),
                multiplier,
                strategy: [Fixed, Linear, Exponential, Decorrelated][strategy],
                jitter: [Jitter::Full, Jitter::Equal, Jitter::None][jitter],
                ..RetrySettings::default()
            };
            let mut delays = Delays::new(&settings);
            for random in randoms {
                prop_assert!(delays.next(random, None) <= settings.max_delay);
            }
        }
    }
}
