//! `COPY … FROM STDIN`: data going out piece by piece.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use connreg::{ConnectError, Error, ErrorKind};
use futures_sink::Sink;
use tokio_postgres::CopyInSink;

use super::executor::limited;
use super::hold::Hold;

/// Takes the data of a `COPY … FROM STDIN`. Nothing is kept unless [`finish`](Self::finish) says so.
///
/// Dropping it earlier ends the copy without effect and closes the session.
///
/// # Examples
///
/// ```
/// # async fn load(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// let mut copy = db.copy_in("COPY users (name) FROM STDIN").await?;
/// copy.send("ann\nbob\n").await?;
/// assert_eq!(copy.finish().await?, 2);
/// # Ok(())
/// # }
/// ```
pub struct CopyIn<'a> {
    hold: Hold<'a>,
    sink: Pin<Box<CopyInSink<Bytes>>>,
}

impl<'a> CopyIn<'a> {
    pub(super) fn new(hold: Hold<'a>, sink: CopyInSink<Bytes>) -> Self {
        Self {
            hold,
            sink: Box::pin(sink),
        }
    }

    /// Sends a piece; pieces may end anywhere. Waits while the server is slow to take it.
    ///
    /// # Errors
    ///
    /// The server is gone, or took longer than `operation_timeout`. A mistake in the data is told by `finish`.
    pub async fn send(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        if !self.hold.is_in_flight() {
            let error = ConnectError::new(ErrorKind::Closed, "the copy has failed already");
            return Err(self.hold.error("copy_in", error));
        }
        let data = data.into();
        let limit = self.hold.session().limit;
        let sink = &mut self.sink;
        let outcome = limited(limit, async {
            poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
            sink.as_mut().start_send(data)
        })
        .await;
        let ended = self.hold.end("copy_in", outcome).await;
        if ended.is_ok() {
            // The copy goes on.
            self.hold.go_on();
        }
        ended
    }

    /// Ends the copy and gives the number of rows.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and if the data was not what the table takes: then nothing was kept.
    pub async fn finish(mut self) -> Result<u64, Error> {
        let limit = self.hold.session().limit;
        let outcome = limited(limit, self.sink.as_mut().finish()).await;
        self.hold.end("copy_in", outcome).await
    }
}

impl fmt::Debug for CopyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CopyIn")
    }
}
