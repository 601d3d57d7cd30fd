//! One open session with a server: the driver's client, its statements, and the task that moves its bytes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use connreg::{ConnectError, Context, ErrorKind, Sent};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{AsyncMessage, Client, NoTls, SimpleQueryMessage, SimpleQueryRow};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::client::Inner;
use super::effect::{Effect, may_forbid_writes};
use super::error;
use super::listen::Outlet;
use super::statements::Statements;

/// How long the end of a session may take: the last answer, and the goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long the reason of an end is waited for, once the end itself is known.
const REASON: Duration = Duration::from_millis(50);

/// How long asking the server to stop a statement may take.
const CANCEL: Duration = Duration::from_secs(5);

/// Undoes whatever a session can be told, but for prepared statements, which are the cache's.
///
/// `DISCARD ALL` would take the driver's own statements along.
const RESET: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
                     SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// An open session. Dropping it ends it.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) statements: Statements,
    /// The most that a statement may have done to the session since it was last clean.
    pub(crate) effect: Effect,
    /// Whether a statement may have made it read-only.
    pub(crate) is_told_read_only: bool,
    /// The number of the server that it is with.
    pub(crate) server: usize,
    /// The client whose writes go here, to be told when one is refused.
    pub(crate) writer: Weak<Inner>,
    /// How long one request may take.
    pub(crate) limit: Option<Duration>,
    /// With which certificates the server was met, for asking it again to stop.
    pub(crate) tls: Option<MakeRustlsConnect>,
    driver: Option<JoinHandle<Option<tokio_postgres::Error>>>,
    /// Dropped with the session, which is how the driver task learns of it.
    _alive: oneshot::Sender<()>,
}

impl Session {
    /// Starts the task that drives `connection`; notifications go to `notifications`, if there is anybody to hear them.
    pub(crate) fn start<S, T>(
        context: &Context,
        client: Client,
        connection: tokio_postgres::Connection<S, T>,
        cache_size: usize,
        notifications: Option<Outlet>,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (alive, ended) = oneshot::channel();
        let name = Arc::clone(context.name());
        let driver = tokio::spawn(async move {
            let mut driving = pin!(drive(name, connection, notifications));
            tokio::select! {
                reason = &mut driving => reason,
                _ = ended => timeout(GOODBYE, driving).await.ok().flatten(),
            }
        });
        Self {
            client,
            statements: Statements::new(cache_size),
            effect: Effect::None,
            is_told_read_only: false,
            server: 0,
            writer: Weak::new(),
            limit: context.operation_timeout(),
            tls: None,
            driver: Some(driver),
            _alive: alive,
        }
    }

    /// Notes what a statement may leave behind.
    pub(crate) fn told(&mut self, sql: &str, effect: Effect) {
        self.effect = self.effect.max(effect);
        if effect >= Effect::State && may_forbid_writes(sql) {
            self.is_told_read_only = true;
        }
    }

    /// Puts the session back to what it was when it was opened, as far as that is needed.
    pub(crate) async fn reset(&mut self) -> Result<(), tokio_postgres::Error> {
        match self.effect {
            Effect::None => return Ok(()),
            Effect::Transaction => self.client.batch_execute("ROLLBACK").await?,
            Effect::State | Effect::Lasting => self.client.batch_execute(RESET).await?,
        }
        self.effect = Effect::None;
        self.is_told_read_only = false;
        Ok(())
    }

    /// Asks the server to stop what the session is at, and does not wait.
    ///
    /// Whether that was in time nobody can tell, which is why the session is closed in any case.
    pub(crate) fn cancel(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (token, tls) = (self.client.cancel_token(), self.tls.clone());
        runtime.spawn(async move {
            let cancelled = match tls {
                Some(tls) => timeout(CANCEL, token.cancel_query(tls)).await,
                None => timeout(CANCEL, token.cancel_query(NoTls)).await,
            };
            if !matches!(cancelled, Ok(Ok(()))) {
                tracing::debug!("a statement that nobody waits for could not be cancelled");
            }
        });
    }

    /// The first row of a query without parameters, its columns as text.
    pub(crate) async fn first_row(
        &mut self,
        sql: &str,
    ) -> Result<Option<SimpleQueryRow>, ConnectError> {
        let messages = match self.client.simple_query(sql).await {
            Ok(messages) => messages,
            Err(error) => return Err(self.explain(error).await),
        };
        Ok(messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        }))
    }

    /// What `error` means, with the server's reason where it has ended the session.
    pub(crate) async fn explain(&mut self, error: tokio_postgres::Error) -> ConnectError {
        if !error.is_closed() {
            return error::of_request(error);
        }
        // The task has seen the end before the caller has; it takes a moment to say why.
        let reason = match self.driver.as_mut() {
            Some(driver) => timeout(REASON, driver).await,
            None => return error::of_request(error),
        };
        if reason.is_ok() {
            self.driver = None;
        }
        let Ok(Ok(Some(reason))) = reason else {
            return error::of_request(error);
        };
        match reason.as_db_error().map(error::said_by) {
            None => error::of_request(reason),
            Some(said) => {
                let message = format!("the server ended the connection: {said}");
                ConnectError::new(ErrorKind::Refused, message)
                    .with_sent(Sent::Unknown)
                    .with_source(reason)
            }
        }
    }
}

/// Moves bytes until the connection ends; gives the reason, if it was not asked to end.
async fn drive<S, T>(
    name: Arc<str>,
    mut connection: tokio_postgres::Connection<S, T>,
    notifications: Option<Outlet>,
) -> Option<tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let message = poll_fn(|cx| match connection.poll_message(cx) {
            Poll::Ready(message) => Poll::Ready(message),
            Poll::Pending => Poll::Pending,
        });
        match message.await? {
            Ok(AsyncMessage::Notice(notice)) => log(&name, &notice),
            Ok(AsyncMessage::Notification(notification)) => {
                if let Some(outlet) = &notifications {
                    outlet.put(notification);
                    continue;
                }
                let channel = notification.channel();
                let message = "a notification on a session that nobody listens on; use `listen`";
                tracing::debug!(connection = &*name, channel, message);
            }
            Ok(_) => {}
            Err(reason) => return Some(reason),
        }
    }
}

fn log(name: &str, notice: &DbError) {
    // Resetting a session ends a transaction that is mostly not there.
    if *notice.code() == SqlState::NO_ACTIVE_SQL_TRANSACTION {
        return;
    }
    if notice.severity() == "WARNING" {
        tracing::warn!(
            connection = name,
            code = notice.code().code(),
            "{}",
            notice.message()
        );
    } else {
        tracing::debug!(
            connection = name,
            code = notice.code().code(),
            "{}",
            notice.message()
        );
    }
}
