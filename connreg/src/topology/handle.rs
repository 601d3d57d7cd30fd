//! The rules with a lock, a clock and those who wait.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::roles::{Roles, Switch};
use super::{ReadFrom, Role, Sighting, TopologySettings};
use crate::context::Context;
use crate::error::{ConnectError, ErrorKind};

/// How much earlier or later than the interval says a look may be, so that processes don't look together.
const SPREAD: f64 = 0.1;

/// The servers behind one connection, known by their `host:port`. Clones are the same.
#[derive(Clone)]
pub struct Topology(Arc<Inner>);

struct Inner {
    context: Context,
    settings: TopologySettings,
    /// Never held over a wait.
    roles: Mutex<Roles>,
    /// Tells who waits for a primary.
    found: Notify,
    /// Wakes the one who looks.
    alerted: Notify,
}

impl Topology {
    /// Of servers of which nothing is known yet; the preferred first.
    pub fn new<I>(context: &Context, endpoints: I, settings: TopologySettings) -> Self
    where
        I: IntoIterator<Item: Into<Arc<str>>>,
    {
        let topology = Self(Arc::new(Inner {
            context: context.clone(),
            settings: settings.clone(),
            roles: Mutex::new(Roles::new(settings)),
            found: Notify::new(),
            alerted: Notify::new(),
        }));
        topology.set_endpoints(endpoints);
        topology
    }

    /// The numbers that it goes by.
    pub fn settings(&self) -> &TopologySettings {
        &self.0.settings
    }

    /// Replaces the list of servers; what is known of those that stay is kept.
    pub fn set_endpoints<I>(&self, endpoints: I)
    where
        I: IntoIterator<Item: Into<Arc<str>>>,
    {
        let endpoints = endpoints.into_iter().map(Into::into);
        self.roles().set_endpoints(endpoints, Instant::now());
    }

    /// Adds a server, if it is not on the list yet.
    pub fn include(&self, endpoint: impl Into<Arc<str>>) {
        self.roles().include(endpoint.into());
    }

    /// The servers, the preferred first.
    pub fn endpoints(&self) -> Vec<Arc<str>> {
        let roles = self.roles();
        let addresses = roles
            .endpoints
            .iter()
            .map(|known| Arc::clone(&known.address));
        addresses.collect()
    }

    /// What is known of a server's role.
    pub fn role(&self, endpoint: &str) -> Role {
        let roles = self.roles();
        roles.at(endpoint).map_or(Role::Unknown, |known| known.role)
    }

    /// Whether a replica is not read from at the moment.
    pub fn is_banned(&self, endpoint: &str) -> bool {
        let roles = self.roles();
        roles
            .at(endpoint)
            .is_some_and(|known| known.is_banned(Instant::now()))
    }

    /// Takes in what a look told. When another server is the primary now, it tells the connection's listeners
    /// ([`EventKind::FailedOver`](crate::EventKind::FailedOver)) and gives `true`: connections to the one before are of no
    /// use for writing any more.
    pub fn saw(&self, endpoint: &str, sighting: Sighting) -> bool {
        let switch = self.roles().saw(endpoint, sighting, Instant::now());
        self.tell(switch.as_ref());
        self.0.alerted.notify_one();
        switch.is_some()
    }

    /// A look, a connection or a read failed: a replica is not read from for a while, a primary is looked for again.
    pub fn failed(&self, endpoint: &str) {
        let switch = self.roles().failed(endpoint, Instant::now());
        self.tell(switch.as_ref());
        self.0.alerted.notify_one();
    }

    /// A write was refused for its role. Gives whether the server was taken for the primary until now, so that of many
    /// whose writes are refused one only acts on it.
    pub fn write_refused(&self, endpoint: &str) -> bool {
        let was_primary = self.roles().write_refused(endpoint, Instant::now());
        self.0.alerted.notify_one();
        was_primary
    }

    /// The primary, if one is known.
    pub fn primary(&self) -> Option<Arc<str>> {
        self.roles().primary().cloned()
    }

    /// The primary, as soon as one is known. While somebody waits, roles are looked at often.
    ///
    /// # Errors
    ///
    /// None was found within [`failover_timeout`](TopologySettings::failover_timeout); kind `Role`.
    pub async fn wait_for_primary(&self) -> Result<Arc<str>, ConnectError> {
        let search = async {
            loop {
                let mut found = pin!(self.0.found.notified());
                found.as_mut().enable();
                {
                    let mut roles = self.roles();
                    if let Some(primary) = roles.primary() {
                        return Arc::clone(primary);
                    }
                    roles.alert(Instant::now());
                }
                self.0.alerted.notify_one();
                found.await;
            }
        };
        let limit = self.0.settings.failover_timeout;
        timeout(limit, search)
            .await
            .map_err(|_| self.without("no primary was found"))
    }

    /// Ends when roles are to be looked at: at once at first, then every 30 s (± 10 %), and every 100 ms for 30 s after a
    /// change, a refused write or the loss of the primary, and for 500 ms after a replica is first seen. Meant for one task
    /// at a time.
    pub async fn look_due(&self) {
        loop {
            let at = self.roles().look_at(Instant::now());
            if at <= Instant::now() {
                return;
            }
            // Woken when it may be earlier than that.
            let _ = timeout_at(at, self.0.alerted.notified()).await;
        }
    }

    /// A look at all servers has ended; the next pause begins.
    pub fn looked(&self) {
        let spread = SPREAD * (fastrand::f64() * 2.0 - 1.0);
        self.roles().looked(spread, Instant::now());
    }

    /// Where to read: of the replicas that are neither banned nor lagging, those within 15 ms of the fastest, of them two
    /// at random, of them the one with less in flight. Counts as in flight until the [`Reader`] is dropped.
    ///
    /// # Errors
    ///
    /// No server suits `from`; kind `Role`.
    pub fn reader(&self, from: ReadFrom) -> Result<Reader, ConnectError> {
        let mut roles = self.roles();
        let chosen = roles
            .reader(from, Instant::now(), |below| fastrand::usize(..below))
            .map(|chosen| (Arc::clone(&chosen.address), chosen.role, &chosen.in_flight));
        if let Some((endpoint, role, in_flight)) = chosen {
            in_flight.fetch_add(1, Ordering::Relaxed);
            return Ok(Reader {
                endpoint,
                role,
                in_flight: Arc::clone(in_flight),
                topology: self.clone(),
            });
        }
        drop(roles);
        Err(self.without(match from {
            ReadFrom::Replica => "no replica is known",
            ReadFrom::Primary | ReadFrom::PreferReplica => "neither replica nor primary is known",
        }))
    }

    fn without(&self, what: &str) -> ConnectError {
        let roles = self.roles();
        let known = roles
            .endpoints
            .iter()
            .map(|known| format!("{} ({})", known.address, known.role));
        let known = known.collect::<Vec<_>>().join(", ");
        drop(roles);
        ConnectError::new(ErrorKind::Role, format!("{what}; seen: {known}"))
            .with_help("check that the servers run and what each says it is")
    }

    fn tell(&self, switch: Option<&Switch>) {
        // Whoever waits looks for itself; waking too often does no harm.
        self.0.found.notify_waiters();
        if let Some(Switch { from, to }) = switch {
            self.0.context.failed_over(Some(from), to);
        }
    }

    fn roles(&self) -> MutexGuard<'_, Roles> {
        // Nothing panics while it is held.
        self.0.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles = self.roles();
        let known = roles.endpoints.iter();
        f.debug_map()
            .entries(known.map(|known| (&known.address, known.role)))
            .finish()
    }
}

/// Where one read goes; counts as in flight there until it is dropped.
#[derive(Debug)]
#[must_use = "the read counts as under way until this is dropped"]
pub struct Reader {
    endpoint: Arc<str>,
    role: Role,
    in_flight: Arc<AtomicUsize>,
    topology: Topology,
}

impl Reader {
    /// The server's `host:port`.
    pub fn endpoint(&self) -> &Arc<str> {
        &self.endpoint
    }

    /// What it was when it was chosen.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The server could not be read from: a replica is not asked for a while.
    pub fn failed(&self) {
        self.topology.failed(&self.endpoint);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
