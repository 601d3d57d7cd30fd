//! What comes in piece by piece: rows and `COPY … TO STDOUT`.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use connreg::{ConnectError, Error, ErrorKind, Sent};
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_postgres::{CopyOutStream, Row};

use super::error;
use super::hold::Hold;

/// A driver's stream with the session that it reads from.
struct Incoming<'a, S> {
    attempted: &'static str,
    /// There until the end.
    hold: Option<Hold<'a>>,
    stream: Pin<Box<S>>,
    limit: Option<Limit>,
}

/// How long one wait may take.
struct Limit {
    period: Duration,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer runs for the present wait.
    armed: bool,
}

impl<'a, S, T> Incoming<'a, S>
where
    S: Stream<Item = Result<T, tokio_postgres::Error>>,
{
    fn new(attempted: &'static str, mut hold: Hold<'a>, stream: S) -> Self {
        let limit = hold.session().limit.map(|period| Limit {
            period,
            timer: Box::pin(sleep(period)),
            armed: true,
        });
        Self {
            attempted,
            hold: Some(hold),
            stream: Box::pin(stream),
            limit,
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        let Some(hold) = &mut self.hold else {
            return Poll::Ready(None);
        };
        let Poll::Ready(item) = self.stream.as_mut().poll_next(cx) else {
            let Some(limit) = &mut self.limit else {
                return Poll::Pending;
            };
            let Poll::Ready(period) = limit.poll(cx) else {
                return Poll::Pending;
            };
            // Still in flight, so that the session is closed.
            hold.session().cancel();
            let message = format!("nothing more came within {period:?}");
            let error = ConnectError::new(ErrorKind::Timeout, message).with_sent(Sent::Unknown);
            let error = hold.error(self.attempted, error);
            self.hold = None;
            return Poll::Ready(Some(Err(error)));
        };
        if let Some(limit) = &mut self.limit {
            limit.armed = false;
        }
        match item {
            Some(Ok(item)) => Poll::Ready(Some(Ok(item))),
            Some(Err(cause)) => {
                hold.failed(&cause);
                let error = hold.error(self.attempted, error::of_request(cause));
                self.hold = None;
                Poll::Ready(Some(Err(error)))
            }
            None => {
                hold.done();
                self.hold = None;
                Poll::Ready(None)
            }
        }
    }
}

impl Limit {
    /// Ready with the period when it has passed since the wait began.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        if !self.armed {
            self.timer.as_mut().reset(Instant::now() + self.period);
            self.armed = true;
        }
        self.timer.as_mut().poll(cx).map(|()| self.period)
    }
}

/// A statement's rows as they come in. Keeps the session until its end.
///
/// # Examples
///
/// ```
/// # async fn names(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// let mut rows = db.query_raw("SELECT name FROM users WHERE age > $1", [25]).await?;
/// while let Some(row) = rows.next().await {
///     println!("{}", row?.get::<_, &str>(0));
/// }
/// # Ok(())
/// # }
/// ```
pub struct RowStream<'a>(Incoming<'a, tokio_postgres::RowStream>);

impl<'a> RowStream<'a> {
    pub(super) fn new(hold: Hold<'a>, rows: tokio_postgres::RowStream) -> Self {
        Self(Incoming::new("query", hold, rows))
    }

    /// The next row; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Row, Error>> {
        poll_fn(|cx| self.0.poll_next(cx)).await
    }

    /// How many rows the statement touched; known at the end.
    pub fn rows_affected(&self) -> Option<u64> {
        self.0.stream.rows_affected()
    }
}

impl Stream for RowStream<'_> {
    type Item = Result<Row, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

impl fmt::Debug for RowStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowStream")
    }
}

/// The data of a `COPY … TO STDOUT` as it comes in. Keeps the session until its end.
pub struct CopyOut<'a>(Incoming<'a, CopyOutStream>);

impl<'a> CopyOut<'a> {
    pub(super) fn new(hold: Hold<'a>, data: CopyOutStream) -> Self {
        Self(Incoming::new("copy_out", hold, data))
    }

    /// The next piece; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| self.0.poll_next(cx)).await
    }
}

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

impl fmt::Debug for CopyOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CopyOut")
    }
}
