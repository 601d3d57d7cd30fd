//! Which server a read goes to. No I/O, no clock of its own.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::roles::Roles;
use super::{ReadFrom, Role};

impl Roles {
    /// The server to read from; `random` gives a number below the one that it is given.
    pub(super) fn reader(
        &mut self,
        from: ReadFrom,
        now: Instant,
        random: impl FnMut(usize) -> usize,
    ) -> Option<&Endpoint> {
        let is_without = self.fit(now).next().is_none();
        let primary_only = match from {
            ReadFrom::Primary => true,
            ReadFrom::PreferReplica => is_without && self.primary().is_some(),
            ReadFrom::Replica => false,
        };
        if primary_only {
            return self.primary().and_then(|primary| self.at(primary));
        }
        if is_without {
            // Nobody is left, so that being banned tells nothing any more.
            let replicas = self.endpoints.iter_mut();
            replicas
                .filter(|endpoint| endpoint.role == Role::Replica)
                .for_each(Endpoint::unban);
        }
        self.replica(now, random)
    }

    /// One of the nearest replicas.
    fn replica(&self, now: Instant, mut random: impl FnMut(usize) -> usize) -> Option<&Endpoint> {
        let fastest = self.fit(now).filter_map(|fit| fit.round_trip).min();
        // One that has not been timed yet is as good as any.
        let limit = fastest.map_or(Duration::MAX, |fastest| fastest + self.settings.near);
        let near: Vec<&Endpoint> = self
            .fit(now)
            .filter(|fit| fit.round_trip.is_none_or(|took| took <= limit))
            .collect();
        let first = *near.get(random(near.len().max(1)))?;
        let others: Vec<&Endpoint> = near
            .into_iter()
            .filter(|other| other.address != first.address)
            .collect();
        let second = others.get(random(others.len().max(1)));
        let load = |endpoint: &Endpoint| endpoint.in_flight.load(Ordering::Relaxed);
        Some(match second {
            Some(second) if load(second) < load(first) => second,
            _ => first,
        })
    }

    /// The replicas that may be read from.
    fn fit(&self, now: Instant) -> impl Iterator<Item = &Endpoint> {
        self.endpoints
            .iter()
            .filter(move |endpoint| endpoint.role == Role::Replica && !endpoint.is_banned(now))
    }
}
