//! `LISTEN`: a session of its own that comes back by itself, and says so.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use connreg::{Backoff, ConnectError, Error, ErrorKind};
use futures_core::Stream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::Notification;

use super::connect::Connector;
use super::identifier::quote_identifier;
use super::session::Session;

/// How many notifications wait for a slow reader before some are dropped.
const QUEUE: usize = 1024;

/// How often a silent session is asked whether it is still there, and how long it has to answer.
const HEARTBEAT: Duration = Duration::from_secs(30);
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(5);

/// What a listener hears.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Heard {
    /// Somebody has notified one of the channels.
    Notification(Notification),
    /// Notifications may have been missed; now the channels are listened to again.
    Gap(Gap),
}

/// A time in which notifications may have been missed. Whatever they would have told is to be looked up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gap {
    /// How long nobody listened; zero if notifications came faster than they were read.
    pub duration: Duration,
    /// Why.
    pub reason: Arc<ConnectError>,
}

/// Where a session's task puts notifications.
#[derive(Clone, Debug)]
pub(super) struct Outlet {
    queue: mpsc::Sender<Notification>,
    missed: Arc<AtomicU64>,
}

impl Outlet {
    pub(super) fn put(&self, notification: Notification) {
        if self.queue.try_send(notification).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The notifications of some channels, as a stream. Listening ends when it is dropped, or the connection closed.
///
/// # Examples
///
/// ```
/// # async fn follow(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// use connreg_backends::postgres::Heard;
///
/// let mut orders = db.listen(["orders"]).await?;
/// while let Some(heard) = orders.next().await {
///     match heard {
///         Heard::Notification(order) => println!("new order: {}", order.payload()),
///         // The connection was lost and is back: read what was missed from the table.
///         _ => println!("looking at all orders"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Notifications {
    heard: mpsc::Receiver<Heard>,
    task: JoinHandle<()>,
}

impl Notifications {
    /// What is heard next; `None` once the connection has been closed.
    pub async fn next(&mut self) -> Option<Heard> {
        poll_fn(|cx| self.heard.poll_recv(cx)).await
    }
}

impl Stream for Notifications {
    type Item = Heard;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Heard>> {
        self.heard.poll_recv(cx)
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifications")
    }
}

/// Listens on `channels` until the stream is dropped or `closed` says so.
pub(super) async fn start(
    connector: Connector,
    channels: Vec<String>,
    closed: watch::Receiver<bool>,
) -> Result<Notifications, Error> {
    let listener = Listener {
        connector,
        channels,
    };
    let ear = match listener.open().await {
        Ok(ear) => ear,
        Err(error) => return Err(listener.connector.context().error(error, "listen")),
    };
    // One is enough: the queue before it is the one that takes up bursts.
    let (tell, heard) = mpsc::channel(1);
    let task = tokio::spawn(listener.run(ear, tell, closed));
    Ok(Notifications { heard, task })
}

struct Listener {
    connector: Connector,
    channels: Vec<String>,
}

/// A session that listens.
struct Ear {
    session: Session,
    queue: mpsc::Receiver<Notification>,
    missed: Arc<AtomicU64>,
}

impl Listener {
    async fn open(&self) -> Result<Ear, ConnectError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let missed = Arc::new(AtomicU64::new(0));
        let outlet = Outlet {
            queue: sender,
            missed: Arc::clone(&missed),
        };
        let mut session = self.connector.open(Some(outlet)).await?;
        let statements: Vec<_> = self
            .channels
            .iter()
            .map(|channel| format!("LISTEN {}", quote_identifier(channel)))
            .collect();
        let limit = self.connector.context().connect_timeout();
        let statements = statements.join("; ");
        match timeout(limit, session.client.batch_execute(&statements)).await {
            Ok(Ok(())) => Ok(Ear {
                session,
                queue,
                missed,
            }),
            Ok(Err(error)) => Err(session.explain(error).await),
            Err(_) => Err(silent(limit)),
        }
    }

    async fn run(self, ear: Ear, tell: mpsc::Sender<Heard>, mut closed: watch::Receiver<bool>) {
        tokio::select! {
            () = self.listen(ear, tell) => {}
            // An error means that the client has gone, with nobody left to close it.
            _ = closed.wait_for(|closed| *closed) => {}
        }
    }

    /// Passes on what is heard, until nobody wants to know.
    async fn listen(&self, mut ear: Ear, tell: mpsc::Sender<Heard>) {
        loop {
            let Some(reason) = ear.pass_on(&tell).await else {
                return;
            };
            let lost_at = Instant::now();
            let name = &**self.connector.context().name();
            tracing::warn!(connection = name, "a listening session was lost: {reason}");
            ear = self.come_back().await;
            let gap = Gap {
                duration: lost_at.elapsed(),
                reason: Arc::new(reason),
            };
            if tell.send(Heard::Gap(gap)).await.is_err() {
                return;
            }
        }
    }

    async fn come_back(&self) -> Ear {
        let mut backoff = Backoff::RECONNECT;
        loop {
            match self.open().await {
                Ok(ear) => return ear,
                Err(error) => {
                    let name = &**self.connector.context().name();
                    tracing::debug!(connection = name, "listening again failed: {error}");
                }
            }
            sleep(backoff.next_delay()).await;
        }
    }
}

impl Ear {
    /// Passes on what is heard. Gives the reason if the session is lost, and `None` if nobody wants to know.
    async fn pass_on(&mut self, tell: &mpsc::Sender<Heard>) -> Option<ConnectError> {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        loop {
            let heard = tokio::select! {
                biased;
                () = tell.closed() => return None,
                notification = self.queue.recv() => match notification {
                    Some(notification) => Heard::Notification(notification),
                    None => return Some(self.reason().await),
                },
                _ = heartbeat.tick() => match self.is_there().await {
                    Ok(()) => continue,
                    Err(reason) => return Some(reason),
                },
            };
            tell.send(heard).await.ok()?;
            let missed = self.missed.swap(0, Ordering::Relaxed);
            if missed > 0 {
                let message = format!("{missed} notifications came faster than they were read");
                let reason = Arc::new(ConnectError::new(ErrorKind::Overloaded, message));
                tell.send(Heard::Gap(Gap {
                    duration: Duration::ZERO,
                    reason,
                }))
                .await
                .ok()?;
            }
        }
    }

    async fn is_there(&mut self) -> Result<(), ConnectError> {
        match timeout(HEARTBEAT_LIMIT, self.session.client.check_connection()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.session.explain(error).await),
            Err(_) => Err(silent(HEARTBEAT_LIMIT)),
        }
    }

    /// Why the session has ended.
    async fn reason(&mut self) -> ConnectError {
        match self.is_there().await {
            Err(reason) => reason,
            Ok(()) => ConnectError::new(ErrorKind::Refused, "the server ended the connection"),
        }
    }
}

fn silent(limit: Duration) -> ConnectError {
    ConnectError::new(
        ErrorKind::Timeout,
        format!("the server did not answer within {limit:?}"),
    )
}
