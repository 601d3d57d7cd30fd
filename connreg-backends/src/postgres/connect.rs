//! Opening a session: hosts in turn, their addresses, TLS as far as it is wanted, and a look at who answers.

use std::sync::Arc;
use std::time::Duration;

use connreg::topology::Role;
use connreg::{ConnectError, Context, ErrorKind, resolve};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::NoTls;
use tokio_postgres::config::{Config, SslMode as DriverMode};
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error;
use super::listen::Outlet;
use super::passfile;
use super::place::Place;
use super::servers::{Choice, Look, Servers};
use super::session::Session;
use super::settings::{Postgres, SslMode, TargetSessionAttrs};
use super::target::Target;

/// The oldest major version that is still looked after here.
const OLDEST: u32 = 12;

/// What a server is.
const LOOK: &str = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')";

/// Left of `connect_timeout` for saying which server did not answer.
const MARGIN: Duration = Duration::from_millis(20);

/// Opens sessions, for the pool and for listeners.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    context: Context,
    target: Target,
    servers: Servers,
    /// One for each mode in use.
    tls: Vec<(SslMode, MakeRustlsConnect)>,
    cache_size: usize,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector")
            .field("places", &self.target.places)
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads the certificates; connects to nothing.
    pub(crate) async fn new(settings: &Postgres, context: &Context) -> Result<Self, ConnectError> {
        let target = settings
            .target()
            .map_err(|mistake| ConnectError::new(ErrorKind::Configuration, mistake.0))?;
        let mut tls = Vec::new();
        for place in &target.places {
            let mode = target.mode(place);
            if mode < SslMode::VerifyFull && !place.is_local() {
                tracing::warn!(
                    connection = &**context.name(),
                    server = %place,
                    ssl_mode = mode.as_str(),
                    "this mode does not prove who the server is; `verify-full` does"
                );
            }
            let wanted = mode != SslMode::Disable && !tls.iter().any(|(known, _)| *known == mode);
            if wanted {
                let config = target.tls(mode).client_config().await?;
                tls.push((mode, MakeRustlsConnect::new(config)));
            }
        }
        let cache_size = settings.statement_cache_size;
        let servers = Servers::new(settings, &target, context);
        Ok(Self(Arc::new(Inner {
            context: context.clone(),
            target,
            servers,
            tls,
            cache_size,
        })))
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    /// Changes with the content of the password file, if the password comes from there; another password is another client.
    pub(crate) fn credential_version(&self) -> u64 {
        let target = &self.0.target;
        match &target.passfile {
            Some(path) if target.session.get_password().is_none() => passfile::version(path),
            _ => 0,
        }
    }

    pub(crate) fn servers(&self) -> &Servers {
        &self.0.servers
    }

    /// Opens a session with a server that will do.
    pub(crate) async fn open(
        &self,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let servers = &self.0.servers;
        match &servers.choice {
            Choice::Writer { is_strict, .. } => {
                let takes_any = !is_strict && servers.was_searched_in_vain();
                self.open_writer(notifications, takes_any).await
            }
            Choice::Preferred { wanted, .. } => self.open_preferred(*wanted, notifications).await,
            Choice::InTurn(wanted) => self.open_in_turn(*wanted, notifications).await,
        }
    }

    /// Opens the first session, which nobody is to wait for until a server takes writes.
    pub(crate) async fn open_first(&self) -> Result<Session, ConnectError> {
        match self.0.servers.choice {
            Choice::Writer { is_strict, .. } => self.open_writer(None, !is_strict).await,
            _ => self.open(None).await,
        }
    }

    /// Opens a session with this server, whatever it is.
    pub(crate) async fn open_at(&self, server: usize) -> Result<Session, ConnectError> {
        let limit = Budget::new(self.0.context.connect_timeout(), 1).next_share();
        self.open_within(limit, server, None).await
    }

    /// Asks a server what it is.
    pub(crate) async fn look_at(&self, session: &mut Session) -> Result<Look, ConnectError> {
        let started = Instant::now();
        let row = session.first_row(LOOK).await?;
        let column = |index: usize| row.as_ref()?.get(index);
        let is_standby = column(0) == Some("t");
        Ok(Look {
            is_standby,
            is_read_only: is_standby || column(1) == Some("on"),
            took: started.elapsed(),
        })
    }

    /// The server that takes writes; with `takes_any` another one if there is none.
    async fn open_writer(
        &self,
        notifications: Option<Outlet>,
        takes_any: bool,
    ) -> Result<Session, ConnectError> {
        let servers = &self.0.servers;
        if let Some(known) = servers.without_primary().filter(|_| !takes_any) {
            return Err(known);
        }
        let order = servers.order(self.0.target.shuffle);
        let mut until = Budget::for_each_of(order.len(), &self.0.context);
        let mut failures = Vec::new();
        let mut other = None;
        for server in order {
            let limit = until.next_share();
            let looked = self.open_and_look(limit, server, notifications.clone());
            let failure = match looked.await {
                Ok((session, look)) => {
                    let role = servers.saw(server, look, None);
                    if role == Role::Primary && servers.is_primary(server) {
                        return Ok(session);
                    }
                    other.get_or_insert(session);
                    let what = match role {
                        Role::Primary => "takes writes, but so did another one a moment ago",
                        _ => "takes no writes",
                    };
                    ConnectError::new(ErrorKind::Role, format!("{} {what}", servers.name(server)))
                }
                // Another server would get the same wrong password, and an account may be locked by it.
                Err(failure) if failure.kind() == ErrorKind::Authentication => return Err(failure),
                Err(failure) => {
                    if is_out_of_reach(&failure) {
                        servers.failed(server);
                    }
                    failure
                }
            };
            failures.push(failure);
        }
        let is_searched = failures
            .iter()
            .all(|failure| failure.kind() == ErrorKind::Role || is_out_of_reach(failure));
        if other.is_some() && is_searched {
            servers.search();
        }
        match other {
            Some(session) if takes_any => Ok(session),
            Some(_) if is_searched => Err(all_of(failures, Some(ErrorKind::Role))),
            _ => Err(all_of(failures, None)),
        }
    }

    /// The server that is in use, or the next one when it may be left.
    async fn open_preferred(
        &self,
        wanted: TargetSessionAttrs,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let servers = &self.0.servers;
        let mut until = Budget::for_each_of(servers.count(), &self.0.context);
        let mut failures = Vec::new();
        let mut tried = Vec::new();
        while let Some(server) = servers.next(&tried) {
            tried.push(server);
            let limit = until.next_share();
            let fit = self.open_fit(limit, server, wanted, notifications.clone());
            match fit.await {
                Ok(session) => {
                    servers.works(server);
                    servers.serves(server);
                    return Ok(session);
                }
                Err(failure) if failure.kind() == ErrorKind::Authentication => return Err(failure),
                Err(failure) => {
                    if failure.kind() == ErrorKind::Role || is_out_of_reach(&failure) {
                        servers.failed(server);
                    }
                    failures.push(failure);
                }
            }
        }
        Err(all_of(failures, None))
    }

    /// The first that will do, in the order of the settings or at random.
    async fn open_in_turn(
        &self,
        wanted: TargetSessionAttrs,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let rounds: &[TargetSessionAttrs] = match &wanted {
            TargetSessionAttrs::PreferStandby => {
                &[TargetSessionAttrs::Standby, TargetSessionAttrs::Any]
            }
            other => std::slice::from_ref(other),
        };
        let order = self.0.servers.order(self.0.target.shuffle);
        let mut until = Budget::for_each_of(order.len() * rounds.len(), &self.0.context);
        let mut failures: Vec<ConnectError> = Vec::new();
        for wanted in rounds {
            for server in &order {
                let limit = until.next_share();
                let fit = self.open_fit(limit, *server, *wanted, notifications.clone());
                match fit.await {
                    Ok(session) => return Ok(session),
                    Err(failure) if failure.kind() == ErrorKind::Authentication => {
                        return Err(failure);
                    }
                    Err(failure) => failures.push(failure),
                }
            }
        }
        Err(all_of(failures, None))
    }

    /// A session, if its server is what is wanted.
    async fn open_fit(
        &self,
        limit: Duration,
        server: usize,
        wanted: TargetSessionAttrs,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        use TargetSessionAttrs as A;
        if matches!(wanted, A::Any | A::PreferStandby) {
            return self.open_within(limit, server, notifications).await;
        }
        let (session, look) = self.open_and_look(limit, server, notifications).await?;
        if look.suits(wanted) {
            return Ok(session);
        }
        let is = match wanted {
            A::ReadWrite => "read-only",
            A::ReadOnly => "open to writes",
            A::Primary => "a standby",
            A::Standby | A::Any | A::PreferStandby => "the primary",
        };
        let server = self.0.servers.name(server);
        let message = format!("{server} is {is}, which `target_session_attrs` rules out");
        Err(ConnectError::new(ErrorKind::Role, message))
    }

    async fn open_and_look(
        &self,
        limit: Duration,
        server: usize,
        notifications: Option<Outlet>,
    ) -> Result<(Session, Look), ConnectError> {
        let ends = Instant::now() + limit;
        let mut session = self.open_within(limit, server, notifications).await?;
        let looked = timeout_at(ends, self.look_at(&mut session)).await;
        let look = looked.unwrap_or_else(|_| {
            let server = self.0.servers.name(server);
            let message = format!("{server} did not say within {limit:.1?} what it is");
            Err(ConnectError::new(ErrorKind::Timeout, message))
        })?;
        Ok((session, look))
    }

    async fn open_within(
        &self,
        limit: Duration,
        server: usize,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let place = &self.0.target.places[server];
        let opened = timeout(limit, self.open_place(limit, place, notifications)).await;
        let mut session = opened.unwrap_or_else(|_| {
            let message = format!("{place} did not answer within {limit:.1?}");
            Err(ConnectError::new(ErrorKind::Timeout, message))
        })?;
        session.server = server;
        Ok(session)
    }

    async fn open_place(
        &self,
        limit: Duration,
        place: &Place,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let mut config = self.0.target.session.clone();
        self.0.set_password(&mut config, place).await?;
        let addresses = match place {
            Place::Socket { directory, port } => {
                config.host_path(directory).port(*port);
                vec![None]
            }
            Place::Tcp {
                host,
                address,
                port,
            } => {
                config.host(host.as_str()).port(*port);
                if let Some(known) = address {
                    vec![Some(*known)]
                } else {
                    // So that a silent name server is told of, or its last answer used, within the limit.
                    let found = resolve(host, *port, limit / 4 * 3).await?;
                    found.iter().map(|found| Some(found.ip())).collect()
                }
            }
        };
        let mut failures = Vec::new();
        for address in addresses {
            let mut config = config.clone();
            if let Some(address) = address {
                config.hostaddr(address);
            }
            let opened = self.open_address(place, &config, notifications.clone());
            let opened = match self.0.target.host_timeout {
                None => opened.await,
                Some(limit) => timeout(limit, opened).await.unwrap_or_else(|_| {
                    let message = format!("{place} did not answer within {limit:.1?}");
                    Err(ConnectError::new(ErrorKind::Timeout, message))
                }),
            };
            match opened {
                Ok(session) => return Ok(session),
                Err(failure) if failure.kind() == ErrorKind::Authentication => return Err(failure),
                Err(failure) => failures.push(failure),
            }
        }
        Err(all_of(failures, None))
    }

    /// Tries the protections that the mode allows, in its order.
    async fn open_address(
        &self,
        place: &Place,
        config: &Config,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let mode = self.0.target.mode(place);
        let attempts: &[DriverMode] = match mode {
            SslMode::Disable => &[DriverMode::Disable],
            SslMode::Allow => &[DriverMode::Disable, DriverMode::Require],
            SslMode::Prefer => &[DriverMode::Prefer, DriverMode::Disable],
            _ => &[DriverMode::Require],
        };
        let mut first = None;
        for driver_mode in attempts {
            let mut config = config.clone();
            config.ssl_mode(*driver_mode);
            match self
                .open_once(place, mode, &config, notifications.clone())
                .await
            {
                Ok(session) => return Ok(session),
                // What is first said is what counts; the other protection is tried only where it may be the cause.
                Err(failure) if !is_about_protection(&failure) => {
                    return Err(first.unwrap_or(failure));
                }
                Err(failure) => first = first.or(Some(failure)),
            }
        }
        Err(first.unwrap_or_else(|| ConnectError::new(ErrorKind::Tls, "no protection was tried")))
    }

    async fn open_once(
        &self,
        place: &Place,
        mode: SslMode,
        config: &Config,
        notifications: Option<Outlet>,
    ) -> Result<Session, ConnectError> {
        let failed = |error| error::of_connecting(&place.to_string(), error);
        let tls = self.0.tls.iter().find(|(known, _)| *known == mode);
        // One branch for each type of stream.
        match tls {
            Some((_, tls)) if config.get_ssl_mode() != DriverMode::Disable => {
                let (client, connection) = config.connect(tls.clone()).await.map_err(failed)?;
                check_version(place, connection.parameter("server_version"))?;
                let mut session = Session::start(
                    &self.0.context,
                    client,
                    connection,
                    self.0.cache_size,
                    notifications,
                );
                session.tls = Some(tls.clone());
                Ok(session)
            }
            _ => {
                let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
                check_version(place, connection.parameter("server_version"))?;
                Ok(Session::start(
                    &self.0.context,
                    client,
                    connection,
                    self.0.cache_size,
                    notifications,
                ))
            }
        }
    }
}

impl Inner {
    async fn set_password(&self, config: &mut Config, place: &Place) -> Result<(), ConnectError> {
        let Some(path) = self
            .target
            .passfile
            .clone()
            .filter(|_| config.get_password().is_none())
        else {
            return Ok(());
        };
        let (host, port) = match place {
            Place::Tcp { host, port, .. } => (host.clone(), *port),
            Place::Socket { directory, port } => (directory.display().to_string(), *port),
        };
        let user = config.get_user().unwrap_or_default().to_owned();
        let database = config.get_dbname().unwrap_or(&user).to_owned();
        let found = passfile::look_up(path, host, port, database, user).await?;
        if let Some(password) = found {
            config.password(password.expose());
        }
        Ok(())
    }
}

/// What is left of the time to connect, shared out among the attempts that are left.
struct Budget {
    end: Instant,
    attempts: u32,
}

impl Budget {
    fn new(limit: Duration, attempts: u32) -> Self {
        Self {
            end: Instant::now() + limit.saturating_sub(MARGIN.min(limit / 10)),
            attempts,
        }
    }

    fn for_each_of(attempts: usize, context: &Context) -> Self {
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        Self::new(context.connect_timeout(), attempts)
    }

    fn next_share(&mut self) -> Duration {
        let share = self.end.saturating_duration_since(Instant::now()) / self.attempts.max(1);
        self.attempts -= 1;
        share
    }
}

/// Whether another protection than the one that was tried may help.
fn is_about_protection(failure: &ConnectError) -> bool {
    let said = std::error::Error::source(failure)
        .and_then(|cause| cause.downcast_ref::<tokio_postgres::Error>())
        .and_then(tokio_postgres::Error::code);
    // What a server says that lets this user in with, or without, TLS only.
    failure.kind() == ErrorKind::Tls || said == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

fn check_version(place: &Place, version: Option<&str>) -> Result<(), ConnectError> {
    let major = version.and_then(|version| {
        let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u32>().ok()
    });
    match (version, major) {
        (Some(version), Some(major)) if major < OLDEST => {
            let message = format!("{place} is PostgreSQL {version}, and {OLDEST} is needed");
            Err(ConnectError::new(ErrorKind::Version, message))
        }
        // A proxy that does not say may have anything behind it.
        _ => Ok(()),
    }
}

/// Whether a failure says that the server is gone, not that it refuses this user or has no room.
pub(super) fn is_out_of_reach(failure: &ConnectError) -> bool {
    matches!(
        failure.kind(),
        ErrorKind::Refused | ErrorKind::Timeout | ErrorKind::Dns
    )
}

/// One error for all that was tried.
fn all_of(mut failures: Vec<ConnectError>, kind: Option<ErrorKind>) -> ConnectError {
    let Some(last) = failures.pop() else {
        return ConnectError::new(ErrorKind::Configuration, "there is no server to try");
    };
    if failures.is_empty() {
        return last;
    }
    let told = |failure: &ConnectError| format!("{failure} ({})", failure.kind());
    let mut all: Vec<_> = failures.iter().map(told).collect();
    all.push(told(&last));
    let message = format!("no server could be used: {}", all.join("; "));
    // Else the kind of the first: the servers behind it are there for when it fails.
    let kind = kind.unwrap_or(failures[0].kind());
    ConnectError::new(kind, message).with_source(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_named() {
        let place = Place::Tcp {
            host: "db".into(),
            address: None,
            port: 5432,
        };
        let error = check_version(&place, Some("9.6.24")).expect_err("too old");
        assert_eq!(error.kind(), ErrorKind::Version);
        assert!(
            error.to_string().contains("db:5432 is PostgreSQL 9.6.24"),
            "{error}"
        );
        for version in [
            Some("12.0"),
            Some("18beta1"),
            Some("15.4 (Debian 15.4-1)"),
            Some("?"),
            None,
        ] {
            assert!(check_version(&place, version).is_ok(), "{version:?}");
        }
    }

    #[test]
    fn failures_are_told_together() {
        let failure = |kind, text: &str| ConnectError::new(kind, text);
        let all = all_of(
            vec![
                failure(ErrorKind::Refused, "a refused"),
                failure(ErrorKind::Timeout, "b was silent"),
            ],
            None,
        );
        assert_eq!(all.kind(), ErrorKind::Refused);
        let text = all.to_string();
        assert!(
            text.contains("a refused (refused); b was silent (timeout)"),
            "{text}"
        );
    }
}
