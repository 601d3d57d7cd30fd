//! What is done when a write is refused because the server is no master any more, with its sockets healthy.
//!
//! Sentinels know the new master: the shared connection is replaced by one to it, and callers wait for that. One address
//! may lead to the new master soon, or its server may become one again: another connection is tried there every 100 ms,
//! by one prober, while the one in place goes on to serve reads.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use connreg::ErrorKind;
use connreg::topology::Role;
use tokio::time::{Instant, sleep};
use tracing::{debug, info};

use super::link::{Link, PAUSES, Purpose, State, Up};
use super::sentinel;

/// How long after the last refused write a master is still looked for.
const SEARCH_FOR: Duration = Duration::from_secs(30);

/// How long a connection is kept, at the least, whose server does not tell its role.
const UNTOLD_PAUSE: Duration = Duration::from_secs(1);

/// The search for a master behind one address: at most one at a time.
#[derive(Default)]
pub(super) struct Search(Mutex<Searching>);

#[derive(Default)]
struct Searching {
    /// When a write was last refused.
    refused_at: Option<Instant>,
    is_on: bool,
}

impl Search {
    /// Notes that a write was refused. Gives whether a search is to begin.
    fn refused(&self) -> bool {
        let mut searching = self.lock();
        searching.refused_at = Some(Instant::now());
        !std::mem::replace(&mut searching.is_on, true)
    }

    /// Whether it has gone on for long enough; it has ended, then.
    fn is_over(&self) -> bool {
        let mut searching = self.lock();
        let recent = |at: Instant| at.elapsed() < SEARCH_FOR;
        searching.is_on = searching.refused_at.is_some_and(recent);
        !searching.is_on
    }

    fn end(&self) {
        self.lock().is_on = false;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Searching> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// The server at `place` has refused a write, as replicas do: on the shared connection of `generation`, or on another.
    pub(super) fn write_refused(self: &Arc<Self>, place: &str, generation: Option<u64>) {
        // A connection that came later, or to another server, has nothing to do with it.
        let concerned = |up: &Up| {
            *up.place == *place && generation.is_none_or(|generation| up.generation == generation)
        };
        let Some(up) = self.up().filter(concerned) else {
            return;
        };
        match &self.purpose {
            Purpose::Master(topology) => {
                topology.write_refused(place);
                if self.replace(up.generation, "the server is no master any more") {
                    self.retire();
                }
            }
            Purpose::Replica => {}
            Purpose::Single(search) => {
                if search.refused() {
                    info!(
                        connection = &**self.context.name(),
                        place, "a write was refused: looking for a master at the same address"
                    );
                    tokio::spawn(find_master(Arc::downgrade(self)));
                }
            }
        }
    }

    /// The sentinels name another master, although the one before may not know it yet.
    pub(super) fn master_is_at(self: &Arc<Self>, place: &str) {
        if let Some(up) = self.up().filter(|up| *up.place != *place)
            && self.replace(up.generation, "the sentinels name another master")
        {
            self.retire();
        }
    }

    /// Puts `up` in the place of the connection of `generation`, which leads to a server that is no master.
    fn supersede(&self, generation: u64, up: Up) -> bool {
        let superseded = self.change(|state| match state {
            State::Up(before) if before.generation == generation => Some(State::Up(up)),
            _ => None,
        });
        if superseded {
            self.retire();
        }
        superseded
    }
}

/// Connects to the one address again and again until a master is there.
async fn find_master(link: Weak<Link>) {
    let mut pauses = PAUSES;
    loop {
        let Some(link) = link.upgrade() else { return };
        let Purpose::Single(search) = &link.purpose else {
            return;
        };
        // A connection that has ended is replaced anyhow.
        let Some(before) = link.up().filter(|_| !link.is_closed()) else {
            return search.end();
        };
        if search.is_over() {
            return;
        }
        match look(&link).await {
            Ok((up, Role::Primary)) => {
                let place = Arc::clone(&up.place);
                let superseded = link.supersede(before.generation, up);
                // Not earlier: a write that the old connection refuses would begin a search that finds the new one.
                search.end();
                if superseded {
                    link.context.failed_over(None, &place);
                }
                return;
            }
            Ok((up, Role::Unknown)) => {
                link.supersede(before.generation, up);
                sleep(UNTOLD_PAUSE).await;
                return search.end();
            }
            Ok((_, Role::Replica)) => {}
            Err(error) => {
                debug!(connection = &**link.context.name(), %error, "no master found yet");
            }
        }
        drop(link);
        sleep(pauses.delay_after(ErrorKind::Role, None)).await;
    }
}

/// What is at the address now.
async fn look(link: &Arc<Link>) -> Result<(Up, Role), connreg::ConnectError> {
    let mut up = link.dial().await?;
    let attempted = format!("connecting to {}", up.place);
    let limit = link.dialer.response_timeout;
    let role = sentinel::role(&attempted, &mut up.connection, limit).await?;
    Ok((up, role))
}
