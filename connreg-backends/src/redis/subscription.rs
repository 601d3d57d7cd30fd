//! Published messages as a stream that outlives its connection and says where something may be missing.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::redis::aio::PubSub;
use ::redis::{Msg, RedisResult};
use connreg::ConnectError;
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use super::dial::Dialer;
use super::error::classify;
use super::link::PAUSES;

/// How many messages wait here for a slow reader before the server's own buffer fills.
const BUFFERED: usize = 1024;

/// What a [`Subscription`] tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A published message.
    Message(Msg),
    /// The connection was lost and is there again; what was published meanwhile is missing.
    Gap {
        /// From the loss being noticed to being subscribed again.
        lasted: Duration,
    },
}

/// The messages of some channels. Ends only when dropped.
///
/// It is a [`Stream`]; [`next`](Self::next) is there for those who don't need more.
pub struct Subscription {
    events: Receiver<Event>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Channels,
    Patterns,
}

struct Source {
    name: Arc<str>,
    dialer: Arc<Dialer>,
    kind: Kind,
    channels: Vec<String>,
}

impl Subscription {
    pub(super) async fn open(
        name: Arc<str>,
        dialer: Arc<Dialer>,
        kind: Kind,
        channels: Vec<String>,
    ) -> Result<Self, ConnectError> {
        let source = Source {
            name,
            dialer,
            kind,
            channels,
        };
        let connection = source.subscribe().await?;
        let (sender, events) = channel(BUFFERED);
        let task = tokio::spawn(source.forward(connection, sender));
        Ok(Self { events, task })
    }

    /// The next message or gap.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(context)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

impl Source {
    async fn subscribe(&self) -> Result<PubSub, ConnectError> {
        let mut connection = self.dialer.open_pubsub().await?;
        let attempted = match self.kind {
            Kind::Channels => "SUBSCRIBE",
            Kind::Patterns => "PSUBSCRIBE",
        };
        let subscribe = async {
            match self.kind {
                Kind::Channels => connection.subscribe(&self.channels).await,
                Kind::Patterns => connection.psubscribe(&self.channels).await,
            }
        };
        let limit = self.dialer.response_timeout;
        let outcome: RedisResult<()> = timeout(limit, subscribe).await.unwrap_or_else(|_| {
            let message = format!("not answered within {limit:?}");
            Err(std::io::Error::new(std::io::ErrorKind::TimedOut, message).into())
        });
        outcome.map_err(|error| classify(attempted, error))?;
        Ok(connection)
    }

    async fn forward(self, mut connection: PubSub, events: Sender<Event>) {
        loop {
            let mut messages = connection.into_on_message();
            while let Some(message) =
                std::future::poll_fn(|context| Pin::new(&mut messages).poll_next(context)).await
            {
                if events.send(Event::Message(message)).await.is_err() {
                    return;
                }
            }
            let lost = Instant::now();
            info!(
                connection = &*self.name,
                "a subscription's connection ended; connecting again"
            );
            connection = self.subscribe_again().await;
            if events
                .send(Event::Gap {
                    lasted: lost.elapsed(),
                })
                .await
                .is_err()
            {
                return;
            }
        }
    }

    async fn subscribe_again(&self) -> PubSub {
        let mut pauses = PAUSES;
        loop {
            match self.subscribe().await {
                Ok(connection) => return connection,
                Err(error) => warn!(connection = &*self.name, %error, "could not subscribe again"),
            }
            sleep(pauses.next_delay()).await;
        }
    }
}
