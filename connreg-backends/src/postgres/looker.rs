//! Looks at each server from time to time: whether it is there, which role it has, how far it is behind.
//!
//! On a session of its own with each, never on a caller's path.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use connreg::pool::Pool;
use connreg::topology::{ReadFrom, Role};
use connreg::{Backoff, ConnectError, ErrorKind};
use tokio::sync::OwnedMutexGuard;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::client::Inner;
use super::connect::{Connector, is_out_of_reach};
use super::lag::Written;
use super::manager::Manager;
use super::servers::lock;
use super::session::Session;

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How soon a replica that may be too far behind is asked again.
const AGAIN: Duration = Duration::from_millis(100);

/// A position in the log as a number of bytes, and the age of the last transaction that was replayed.
const POSITION: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0' \
                               ELSE pg_current_wal_lsn() - '0/0' END, \
                               EXTRACT(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp())";

/// The task that looks; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Looker(AbortHandle);

impl Drop for Looker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Looker {
    /// Starts it for `client`; `pool` is of those who write.
    pub(super) fn start(connector: Connector, pool: Pool<Manager>, client: Weak<Inner>) -> Self {
        let eyes = Arc::new(Eyes {
            connector,
            pool,
            client,
            written: Mutex::default(),
        });
        Self(tokio::spawn(eyes.run()).abort_handle())
    }
}

struct Eyes {
    connector: Connector,
    pool: Pool<Manager>,
    client: Weak<Inner>,
    written: Mutex<Written>,
}

/// What is kept for one server between looks.
#[derive(Default)]
struct Spot {
    session: Option<Session>,
    /// The credential, and how often sessions were retired: with another one all below, and the session, is out of date.
    version: (u64, u64),
    /// How often a credential was refused, and until when it is not tried again.
    refused: u32,
    rests_until: Option<Instant>,
}

impl Eyes {
    async fn run(self: Arc<Self>) {
        let servers = self.connector.servers();
        let spots: Vec<_> = (0..servers.count())
            .map(|_| Arc::new(tokio::sync::Mutex::<Spot>::default()))
            .collect();
        let mut looks = JoinSet::new();
        loop {
            servers.topology.look_due().await;
            while looks.try_join_next().is_some() {}
            for (server, spot) in spots.iter().enumerate() {
                // One that does not answer holds up no look at another.
                if let Ok(spot) = Arc::clone(spot).try_lock_owned() {
                    looks.spawn(Arc::clone(&self).look(server, spot));
                }
            }
            servers.topology.looked();
        }
    }

    async fn look(self: Arc<Self>, server: usize, mut spot: OwnedMutexGuard<Spot>) {
        let servers = self.connector.servers();
        let version = (self.connector.credential_version(), servers.retired());
        if spot.version != version {
            *spot = Spot {
                version,
                ..Spot::default()
            };
        }
        if spot.rests_until.is_some_and(|until| Instant::now() < until) {
            return;
        }
        let before = servers.topology.role(servers.name(server));
        let had_primary = servers.topology.primary().is_some();
        let kept = spot.session.take();
        let mut found = None;
        match self.ask(server, kept).await {
            Ok(session) => {
                spot.refused = 0;
                found = Some(session);
            }
            Err(failure) if failure.kind() == ErrorKind::Authentication => {
                spot.refused += 1;
                let pause = match spot.refused {
                    Backoff::CREDENTIAL_TRIES.. => Duration::from_hours(24),
                    _ => Backoff::CREDENTIAL_PAUSE,
                };
                spot.rests_until = Some(Instant::now() + pause);
            }
            Err(failure) => {
                if is_out_of_reach(&failure) {
                    servers.failed(server);
                }
                let connection = &**self.connector.context().name();
                let server = &**servers.name(server);
                tracing::debug!(connection, server, "a look failed: {failure}");
            }
        }
        servers.looked.notify_waiters();
        let is_alone = servers.count() == 1;
        if servers.is_primary(server) {
            if is_alone && before == Role::Replica {
                // The address leads elsewhere now, and sessions that are open don't.
                self.pool.retire();
            }
            if !had_primary {
                // Whoever was told that there is none tries again, and finds a session that is open already.
                self.pool.server_is_back();
                if let Some(mut session) = found.take() {
                    session.writer = Weak::clone(&self.client);
                    self.pool.adopt(session);
                }
            }
        }
        // With one address only, a new session shows where it leads.
        spot.session = found.filter(|_| !is_alone);
    }

    /// Asks one server, on the session that was kept for it, if there is one.
    async fn ask(&self, server: usize, kept: Option<Session>) -> Result<Session, ConnectError> {
        let mut session = match kept.filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => self.connector.open_at(server).await?,
        };
        let mut is_first = true;
        loop {
            let see = self.see(server, &mut session, std::mem::take(&mut is_first));
            let seen = timeout(LIMIT, see).await;
            let again = seen.unwrap_or_else(|_| {
                let message = format!("no answer within {LIMIT:?}");
                Err(ConnectError::new(ErrorKind::Timeout, message))
            })?;
            match again {
                Some(pause) => sleep(pause).await,
                None => return Ok(session),
            }
        }
    }

    /// Looks once. Gives when to do so again, if it has not become clear whether the server is fit to be read from.
    async fn see(
        &self,
        server: usize,
        session: &mut Session,
        is_first: bool,
    ) -> Result<Option<Duration>, ConnectError> {
        let servers = self.connector.servers();
        let look = self.connector.look_at(session).await?;
        let most = servers.topology.settings().max_replica_lag;
        let Some(most) = most.filter(|_| servers.read_from != ReadFrom::Primary) else {
            servers.saw(server, look, None);
            return Ok(None);
        };
        let (position, age) = match position(session).await {
            Ok(told) => told,
            Err(failure) if is_out_of_reach(&failure) => return Err(failure),
            // Some services, and some users, can't ask; the role is known all the same.
            Err(_) => (None, None),
        };
        let now = Instant::now();
        let behind = position.map(|position| {
            let mut written = lock(&self.written);
            if !look.is_standby {
                written.note(position, now);
            }
            written.since_beyond(position, now)
        });
        servers.saw(server, look, behind);
        servers.looked.notify_waiters();
        // On a quiet primary an old transaction tells nothing, and what has been written since may be on its way. At first
        // the primary may not have told yet how far it is.
        let may_lag = |behind: Duration| behind <= most && (is_first || !behind.is_zero());
        let is_unclear =
            look.is_standby && behind.is_some_and(may_lag) && age.is_some_and(|age| age > most);
        Ok(is_unclear.then(|| AGAIN.max(most / 100)))
    }
}

async fn position(session: &mut Session) -> Result<(Option<u64>, Option<Duration>), ConnectError> {
    let row = session.first_row(POSITION).await?;
    let column = |index: usize| row.as_ref()?.get(index);
    let position = column(0).and_then(|position| position.parse().ok());
    let seconds = column(1).and_then(|age| age.parse().ok());
    let age = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok((position, age))
}
