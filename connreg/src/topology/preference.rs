//! Which of several equals is used: the first, as long as it works, and without going back and forth.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::TopologySettings;

/// Which of several servers that are as good as each other is used, such as proxies before one database.
///
/// The first is preferred. One that fails is left for the next that does not, at most once in
/// [`switch_pause`](TopologySettings::switch_pause); a more preferred one is used again once it has worked for
/// [`switch_back_after`](TopologySettings::switch_back_after).
///
/// # Examples
///
/// ```
/// use connreg::topology::{Preference, TopologySettings};
///
/// let preference = Preference::new(2, &TopologySettings::default());
/// assert_eq!(preference.current(), 0);
/// preference.fails(0);
/// assert_eq!(preference.current(), 1);
/// preference.works(0); // back after a minute of this
/// assert_eq!(preference.current(), 1);
/// ```
#[derive(Debug)]
pub struct Preference(Mutex<Order>);

impl Preference {
    /// For so many servers, known by their number from 0.
    pub fn new(endpoints: usize, settings: &TopologySettings) -> Self {
        Self(Mutex::new(Order::new(endpoints, settings)))
    }

    /// The one to use now.
    pub fn current(&self) -> usize {
        self.lock().current(Instant::now())
    }

    /// A look at that one, or a connection to it, succeeded.
    pub fn works(&self, endpoint: usize) {
        self.lock().works(endpoint, Instant::now());
    }

    /// It failed.
    pub fn fails(&self, endpoint: usize) {
        self.lock().fails(endpoint, Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rules, without a clock.
#[derive(Debug)]
pub(super) struct Order {
    endpoints: Vec<Known>,
    current: usize,
    switched_at: Option<Instant>,
    pause: Duration,
    back_after: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Known {
    /// Neither a success nor a failure is known.
    Nothing,
    WorksSince(Instant),
    Fails,
}

impl Order {
    pub(super) fn new(endpoints: usize, settings: &TopologySettings) -> Self {
        Self {
            endpoints: vec![Known::Nothing; endpoints],
            current: 0,
            switched_at: None,
            pause: settings.switch_pause,
            back_after: settings.switch_back_after,
        }
    }

    pub(super) fn current(&mut self, now: Instant) -> usize {
        self.decide(now);
        self.current
    }

    pub(super) fn works(&mut self, endpoint: usize, now: Instant) {
        match self.endpoints.get_mut(endpoint) {
            Some(Known::WorksSince(_)) | None => {}
            Some(known) => *known = Known::WorksSince(now),
        }
        self.decide(now);
    }

    pub(super) fn fails(&mut self, endpoint: usize, now: Instant) {
        if let Some(known) = self.endpoints.get_mut(endpoint) {
            *known = Known::Fails;
        }
        self.decide(now);
    }

    fn decide(&mut self, now: Instant) {
        if self.switched_at.is_some_and(|at| now < at + self.pause) {
            return;
        }
        if let Some(next) = self.better(now).filter(|next| *next != self.current) {
            self.current = next;
            self.switched_at = Some(now);
        }
    }

    fn better(&self, now: Instant) -> Option<usize> {
        let count = self.endpoints.len();
        if let Some(Known::Fails) = self.endpoints.get(self.current) {
            let fails = |endpoint: &usize| matches!(self.endpoints[*endpoint], Known::Fails);
            // The most preferred that does not fail; if all do, each gets its turn.
            return (0..count)
                .find(|endpoint| !fails(endpoint))
                .or(Some((self.current + 1) % count));
        }
        (0..self.current).find(|endpoint| match self.endpoints[*endpoint] {
            Known::WorksSince(since) => now >= since + self.back_after,
            Known::Nothing | Known::Fails => false,
        })
    }
}
