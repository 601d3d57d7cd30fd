//! Which server is the primary, and how soon they are looked at again. No I/O, no clock of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::{Role, Sighting, TopologySettings};

/// So many looks at short intervals tell how near a new replica is.
const FIRST_LOOKS: u32 = 5;

/// The servers of one connection and the primary among them.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) settings: TopologySettings,
    pub(super) endpoints: Vec<Endpoint>,
    primary: Option<Arc<str>>,
    /// The last that was the primary, which may be the present one.
    last: Option<Arc<str>>,
    switched_at: Option<Instant>,
    alert_until: Option<Instant>,
    look_at: Option<Instant>,
}

/// The primary is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Switch {
    pub(super) from: Arc<str>,
    pub(super) to: Arc<str>,
}

impl Roles {
    pub(super) fn new(settings: TopologySettings) -> Self {
        Self {
            settings,
            endpoints: Vec::new(),
            primary: None,
            last: None,
            switched_at: None,
            alert_until: None,
            look_at: None,
        }
    }

    /// Replaces the list, the preferred first; what is known of those that stay is kept.
    pub(super) fn set_endpoints(
        &mut self,
        addresses: impl IntoIterator<Item = Arc<str>>,
        now: Instant,
    ) {
        let mut before = std::mem::take(&mut self.endpoints);
        for address in addresses {
            if self.at(&address).is_some() {
                continue;
            }
            let known = before.iter().position(|known| known.address == address);
            let endpoint =
                known.map_or_else(|| Endpoint::new(address), |at| before.swap_remove(at));
            self.endpoints.push(endpoint);
        }
        if self
            .primary
            .as_ref()
            .is_some_and(|primary| self.at(primary).is_none())
        {
            self.lose(now);
        }
    }

    /// Adds a server, if it is not on the list yet.
    pub(super) fn include(&mut self, address: Arc<str>) {
        if self.at(&address).is_none() {
            self.endpoints.push(Endpoint::new(address));
        }
    }

    pub(super) fn primary(&self) -> Option<&Arc<str>> {
        self.primary.as_ref()
    }

    pub(super) fn at(&self, address: &str) -> Option<&Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| *endpoint.address == *address)
    }

    fn at_mut(&mut self, address: &str) -> Option<&mut Endpoint> {
        self.endpoints
            .iter_mut()
            .find(|endpoint| *endpoint.address == *address)
    }

    fn is_primary(&self, address: &str) -> bool {
        self.primary.as_deref() == Some(address)
    }

    /// Takes in what a server said of itself.
    pub(super) fn saw(
        &mut self,
        address: &str,
        sighting: Sighting,
        now: Instant,
    ) -> Option<Switch> {
        let Sighting {
            role,
            round_trip,
            lag,
        } = sighting;
        let (limit, ban) = (self.settings.max_replica_lag, self.settings.ban);
        let endpoint = self.at_mut(address)?;
        let is_first = endpoint.round_trip.is_none() && !round_trip.is_zero();
        endpoint.answered_in(round_trip);
        endpoint.role = role;
        match role {
            Role::Primary => {
                endpoint.stepped_down = false;
                endpoint.unban();
            }
            Role::Replica => {
                endpoint.stepped_down = true;
                if lag.zip(limit).is_some_and(|(lag, limit)| lag > limit) {
                    endpoint.ban(now + ban);
                }
            }
            Role::Unknown => {}
        }
        if role != Role::Primary && self.is_primary(address) {
            self.lose(now);
        }
        // One that is alone is not compared with any.
        if is_first && role == Role::Replica && self.endpoints.len() > 1 {
            self.alert_for(self.settings.alert_interval * FIRST_LOOKS, now);
        }
        self.elect(now)
    }

    /// A server could not be reached, or broke off.
    pub(super) fn failed(&mut self, address: &str, now: Instant) -> Option<Switch> {
        let ban = self.settings.ban;
        let is_primary = self.is_primary(address);
        let endpoint = self.at_mut(address)?;
        if endpoint.role == Role::Replica {
            endpoint.ban(now + ban);
        } else {
            endpoint.role = Role::Unknown;
        }
        if is_primary {
            self.lose(now);
        }
        self.elect(now)
    }

    /// A server refused a write. Gives whether it was taken for the primary.
    pub(super) fn write_refused(&mut self, address: &str, now: Instant) -> bool {
        let is_primary = self.is_primary(address);
        self.alert(now);
        if let Some(endpoint) = self.at_mut(address) {
            endpoint.stepped_down = true;
            if endpoint.role == Role::Primary {
                endpoint.role = Role::Unknown;
            }
        }
        if is_primary {
            self.lose(now);
        }
        is_primary
    }

    fn lose(&mut self, now: Instant) {
        self.primary = None;
        self.alert(now);
    }

    /// Finds a primary if there is none. One that still says so stays, whoever else says so, too.
    fn elect(&mut self, now: Instant) -> Option<Switch> {
        if self.primary.is_some() {
            return None;
        }
        let mut says_so = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.role == Role::Primary);
        // The last one is taken again before another is.
        let again = says_so
            .clone()
            .find(|endpoint| Some(&endpoint.address) == self.last.as_ref());
        let to = Arc::clone(&again.or_else(|| says_so.next())?.address);
        let from = self.last.clone().filter(|last| *last != to);
        if from.as_ref().is_some_and(|from| self.is_held(from, now)) {
            return None;
        }
        self.primary = Some(Arc::clone(&to));
        // The first is no change.
        if self.last.replace(Arc::clone(&to)).is_some() {
            self.alert(now);
        }
        let from = from?;
        self.switched_at = Some(now);
        Some(Switch { from, to })
    }

    /// Whether it is too early to leave `from`, which is out of reach, but has not said that it is no primary.
    fn is_held(&self, from: &str, now: Instant) -> bool {
        let gone = self.at(from).is_none_or(|from| from.stepped_down);
        let early = |at: Instant| now < at + self.settings.switch_pause;
        !gone && self.switched_at.is_some_and(early)
    }

    /// Has roles looked at more often for a while.
    pub(super) fn alert(&mut self, now: Instant) {
        self.alert_for(self.settings.alert_for, now);
    }

    fn alert_for(&mut self, duration: Duration, now: Instant) {
        let until = now + duration;
        self.alert_until = Some(self.alert_until.map_or(until, |before| before.max(until)));
        let soon = now + self.settings.alert_interval;
        self.look_at = self.look_at.map(|at| at.min(soon));
    }

    /// When to look next.
    pub(super) fn look_at(&self, now: Instant) -> Instant {
        self.look_at.unwrap_or(now)
    }

    /// A look has ended. `spread` is how much of the calm interval to add or leave out: -0.1 to 0.1.
    pub(super) fn looked(&mut self, spread: f64, now: Instant) {
        let pause = if self.alert_until.is_some_and(|until| now < until) {
            self.settings.alert_interval
        } else {
            self.settings.look_interval.mul_f64(1.0 + spread)
        };
        self.look_at = Some(now + pause);
    }

    /// How long it is until the next look.
    #[cfg(test)]
    pub(super) fn pause(&self, now: Instant) -> Duration {
        self.look_at(now).saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn roles() -> (Roles, Instant) {
        let now = Instant::now();
        let mut roles = Roles::new(TopologySettings::default());
        roles.set_endpoints(["a:1".into(), "b:1".into()], now);
        (roles, now)
    }

    fn sighting(role: Role) -> Sighting {
        Sighting::new(role, Duration::from_millis(1))
    }

    fn switch(from: &str, to: &str) -> Switch {
        let (from, to) = (from.into(), to.into());
        Switch { from, to }
    }

    #[test]
    fn a_demoted_primary_is_left_for_the_new_one_however_soon() {
        let (mut roles, now) = roles();
        assert_eq!(roles.saw("a:1", sighting(Role::Primary), now), None);
        assert_eq!(roles.saw("b:1", sighting(Role::Replica), now), None);
        assert!(roles.write_refused("a:1", now + SECOND));
        assert_eq!(roles.primary(), None);
        let promoted = roles.saw("b:1", sighting(Role::Primary), now + SECOND);
        assert_eq!(promoted, Some(switch("a:1", "b:1")));
        assert!(!roles.write_refused("a:1", now + SECOND), "known by now");
        let back = now + SECOND * 2;
        assert_eq!(roles.saw("b:1", sighting(Role::Replica), back), None);
        let again = roles.saw("a:1", sighting(Role::Primary), back);
        assert_eq!(again, Some(switch("b:1", "a:1")));
    }

    #[test]
    fn the_present_primary_stays_while_it_says_so() {
        let (mut roles, now) = roles();
        roles.saw("b:1", sighting(Role::Primary), now);
        assert_eq!(roles.saw("a:1", sighting(Role::Primary), now), None);
        assert_eq!(roles.primary().map(|primary| &**primary), Some("b:1"));
    }

    #[test]
    fn two_that_flap_are_switched_between_every_12_seconds_at_the_most() {
        let (mut roles, start) = roles();
        let mut switches = Vec::new();
        for second in 0..60 {
            let now = start + SECOND * second;
            // Each is up for two seconds while the other is down, and both say that they are primaries.
            let (up, down) = [("a:1", "b:1"), ("b:1", "a:1")][(second as usize / 2) % 2];
            roles.failed(down, now);
            if roles.saw(up, sighting(Role::Primary), now).is_some() {
                switches.push(second);
            }
        }
        assert!(switches.len() > 1, "{switches:?}");
        let pauses = switches.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(pauses.into_iter().all(|pause| pause >= 12), "{switches:?}");
    }

    #[test]
    fn roles_are_looked_at_every_30_seconds_and_every_100_milliseconds_after_a_change() {
        let (mut roles, start) = roles();
        assert_eq!(roles.pause(start), Duration::ZERO, "at once at first");
        let now = start + SECOND * 100;
        roles.looked(0.1, now);
        assert_eq!(roles.pause(now), SECOND * 33);
        roles.write_refused("a:1", now + SECOND);
        let alert = Duration::from_millis(100);
        assert_eq!(roles.pause(now + SECOND), alert, "brought forward");
        roles.looked(0.1, now + SECOND * 30);
        assert_eq!(roles.pause(now + SECOND * 30), alert);
        roles.looked(0.0, now + SECOND * 31);
        assert_eq!(roles.pause(now + SECOND * 31), SECOND * 30);
    }

    #[test]
    fn a_new_replica_is_looked_at_every_100_milliseconds_until_it_is_timed() {
        let (mut roles, start) = roles();
        roles.looked(0.0, start);
        let (calm, soon) = (SECOND * 30, Duration::from_millis(100));
        roles.saw("a:1", Sighting::new(Role::Primary, Duration::ZERO), start);
        assert_eq!(roles.pause(start), calm, "a primary is not chosen by it");
        roles.saw("b:1", sighting(Role::Replica), start);
        assert_eq!(roles.pause(start), soon, "brought forward");
        for looks in 1..5 {
            roles.looked(0.0, start + soon * looks);
            assert_eq!(roles.pause(start + soon * looks), soon);
            roles.saw("b:1", sighting(Role::Replica), start + soon * looks);
        }
        roles.looked(0.0, start + soon * 5);
        assert_eq!(roles.pause(start + soon * 5), calm);
    }

    #[test]
    fn a_server_taken_off_the_list_is_no_primary() {
        let (mut roles, now) = roles();
        roles.saw("a:1", sighting(Role::Primary), now);
        roles.set_endpoints(["b:1".into(), "c:1".into()], now);
        assert_eq!(roles.primary(), None);
        let found = roles.saw("c:1", sighting(Role::Primary), now);
        assert_eq!(found, Some(switch("a:1", "c:1")));
    }
}
