//! What runs statements on one exclusive session, and leaves the session fit for whoever gets it next.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connreg::pool::Lease as Pooled;
use connreg::topology::{LastWrite, Reader};
use connreg::{ConnectError, Error, ErrorKind, Sent};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{BorrowToSql, ToSql, Type};
use tokio_postgres::{CopyInSink, CopyOutStream, Row, SimpleQueryMessage};

use super::client::Refusal;
use super::copy_in::CopyIn;
use super::effect::Effect;
use super::error;
use super::hold::Hold;
use super::manager::Manager;
use super::read::is_lost;
use super::rows;
use super::session::Session;
use super::stream::{CopyOut, RowStream};

/// How long a session may take to be reset before it is closed instead.
const RESET: Duration = Duration::from_secs(5);

/// What runs statements on one session, exclusively. Reached through a [`Lease`](super::Lease) and a
/// [`Transaction`](super::Transaction).
///
/// Statements are prepared once for each session and kept. A future that is dropped before it has ended has its
/// statement cancelled on the server, and its session closed.
pub struct Executor {
    /// There until dropped.
    pooled: Option<Pooled<Manager>>,
    /// Whether an answer is owed.
    in_flight: bool,
    /// The transaction that the session is in.
    pub(super) transaction: Option<Open>,
    /// What a dropped transaction has left to be done first.
    owed: Option<Owed>,
    /// Where a read was sent to; counts as under way there.
    reading: Option<Reader>,
    /// Who is to see what is written.
    wrote: Option<Arc<LastWrite>>,
}

/// A transaction that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// Whether it was begun as one that can't write.
    pub(super) read_only: bool,
    /// Whether the server has given it up, and will make a `COMMIT` a `ROLLBACK`.
    pub(super) aborted: bool,
}

#[derive(Clone, Debug)]
struct Owed {
    sql: String,
    ends_transaction: bool,
}

impl Executor {
    pub(super) fn new(pooled: Pooled<Manager>) -> Self {
        Self {
            pooled: Some(pooled),
            in_flight: false,
            transaction: None,
            owed: None,
            reading: None,
            wrote: None,
        }
    }

    /// For a read that was sent to this server.
    pub(super) fn reading(mut self, reader: Reader) -> Self {
        self.reading = Some(reader);
        self
    }

    /// For writes that are to be seen by whom `last_write` belongs to.
    pub(super) fn writing(mut self, last_write: Arc<LastWrite>) -> Self {
        last_write.wrote();
        self.wrote = Some(last_write);
        self
    }

    /// Whether a read failed since its replica is lost; then that one is not read from for a while.
    pub(super) fn has_lost_replica(&self, error: &Error) -> bool {
        let reader = self.reading.as_ref().filter(|_| is_lost(error));
        if let Some(reader) = reader {
            reader.failed();
        }
        reader.is_some()
    }

    /// Runs a statement and gives all its rows.
    ///
    /// # Errors
    ///
    /// The server refused it (see [`sql_state`](super::sql_state)), took longer than `operation_timeout`, or is gone.
    pub async fn query(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let retry = self.begin("query").await?;
        let session = self.session();
        let outcome = limited(
            session.limit,
            rows::some(session, sql, params, retry, usize::MAX),
        )
        .await;
        self.end("query", outcome).await
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query), and if there is no row, or more than one.
    pub async fn query_one(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, Error> {
        let row = self.at_most_one("query_one", sql, params).await?;
        row.ok_or_else(|| {
            let error = ConnectError::new(ErrorKind::Other, "the statement gave no row")
                .with_sent(Sent::Yes)
                .with_help("`query_opt` allows for no row");
            self.error("query_one", error)
        })
    }

    /// Runs a statement that gives one row or none.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query), and if there is more than one row.
    pub async fn query_opt(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.at_most_one("query_opt", sql, params).await
    }

    async fn at_most_one(
        &mut self,
        attempted: &'static str,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        let retry = self.begin(attempted).await?;
        let session = self.session();
        let outcome = limited(session.limit, rows::some(session, sql, params, retry, 2)).await;
        let mut rows = self.end(attempted, outcome).await?;
        if rows.len() > 1 {
            let error = ConnectError::new(ErrorKind::Other, "the statement gave more than one row")
                .with_sent(Sent::Yes)
                .with_help("add a `LIMIT`, or use `query`");
            return Err(self.error(attempted, error));
        }
        Ok(rows.pop())
    }

    /// Runs a statement and gives the number of rows that it touched.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn execute(
        &mut self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Error> {
        let retry = self.begin("execute").await?;
        let session = self.session();
        let outcome = limited(session.limit, rows::count(session, sql, params, retry)).await;
        self.end("execute", outcome).await
    }

    /// Runs a statement whose parameters' types are given, in one round trip and without preparing it.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn query_typed(
        &mut self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        self.begin("query").await?;
        let session = self.session();
        session.told(sql, Effect::of_statement(sql));
        let outcome = limited(session.limit, session.client.query_typed(sql, params)).await;
        self.end("query", outcome).await
    }

    /// Runs a statement and gives its rows as they come in.
    ///
    /// `operation_timeout` holds for the start and for each wait for more rows. Reading slowly slows the server
    /// down; dropping the stream before its end closes the session.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn query_raw<P, I>(&mut self, sql: &str, params: I) -> Result<RowStream<'_>, Error>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let rows = self.start_rows(sql, params).await?;
        Ok(RowStream::new(Hold::Lent(self), rows))
    }

    pub(super) async fn start_rows<P, I>(
        &mut self,
        sql: &str,
        params: I,
    ) -> Result<tokio_postgres::RowStream, Error>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        self.begin("query").await?;
        let session = self.session();
        let outcome = limited(session.limit, rows::start(session, sql, params)).await;
        let rows = self.end("query", outcome).await?;
        // Owed until the last row is in.
        self.in_flight = true;
        Ok(rows)
    }

    /// Runs several statements, separated by `;` and without parameters.
    ///
    /// Never put text from outside into them.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn batch_execute(&mut self, sql: &str) -> Result<(), Error> {
        self.begin("batch_execute").await?;
        let session = self.batch(sql);
        let outcome = limited(session.limit, session.client.batch_execute(sql)).await;
        self.end("batch_execute", outcome).await
    }

    /// Runs several statements, separated by `;` and without parameters, and gives their rows as text.
    ///
    /// Never put text from outside into them.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn simple_query(&mut self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.begin("simple_query").await?;
        let session = self.batch(sql);
        let outcome = limited(session.limit, session.client.simple_query(sql)).await;
        self.end("simple_query", outcome).await
    }

    fn batch(&mut self, sql: &str) -> &mut Session {
        let session = self.session();
        let effect = Effect::of_batch(sql);
        session.told(sql, effect);
        if effect == Effect::Lasting {
            session.statements.clear();
        }
        session
    }

    /// Starts a `COPY … FROM STDIN`. If the server refuses it, the session can't be used any more.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn copy_in(&mut self, sql: &str) -> Result<CopyIn<'_>, Error> {
        let sink = self.start_copy_in(sql).await?;
        Ok(CopyIn::new(Hold::Lent(self), sink))
    }

    pub(super) async fn start_copy_in(&mut self, sql: &str) -> Result<CopyInSink<Bytes>, Error> {
        self.begin("copy_in").await?;
        let session = self.session();
        let outcome = limited(session.limit, session.client.copy_in(sql)).await;
        let sink = self.end("copy_in", outcome).await;
        // A refused copy leaves the driver with one end of an answer too many: nobody may use the session again.
        self.in_flight = true;
        sink
    }

    /// Starts a `COPY … TO STDOUT`.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn copy_out(&mut self, sql: &str) -> Result<CopyOut<'_>, Error> {
        let data = self.start_copy_out(sql).await?;
        Ok(CopyOut::new(Hold::Lent(self), data))
    }

    pub(super) async fn start_copy_out(&mut self, sql: &str) -> Result<CopyOutStream, Error> {
        self.begin("copy_out").await?;
        let session = self.session();
        let outcome = limited(session.limit, session.client.copy_out(sql)).await;
        let data = self.end("copy_out", outcome).await?;
        self.in_flight = true;
        Ok(data)
    }

    /// Undoes everything that was done to the session.
    pub(super) async fn reset(&mut self) -> Result<(), Error> {
        self.begin("reset").await?;
        let session = self.session();
        session.effect = session.effect.max(Effect::State);
        let limit = session.limit;
        let outcome = limited(limit, session.reset()).await;
        self.end("reset", outcome).await?;
        self.transaction = None;
        Ok(())
    }

    /// Runs one of our own statements, which leaves nothing behind that is not accounted for.
    pub(super) async fn control(
        &mut self,
        attempted: &'static str,
        sql: &str,
    ) -> Result<(), Error> {
        self.begin(attempted).await?;
        let session = self.session();
        let outcome = limited(session.limit, session.client.batch_execute(sql)).await;
        self.end(attempted, outcome).await
    }

    /// Sends a statement without waiting for the answer; the next request confirms it.
    pub(super) fn owe(&mut self, sql: String, ends_transaction: bool) {
        if !self.in_flight {
            let sent = self.session().client.batch_execute(&sql);
            // The first poll sends; what comes back is read by the driver's task.
            let mut sent = std::pin::pin!(sent);
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = sent.as_mut().poll(&mut context);
        }
        self.owed = Some(Owed {
            sql,
            ends_transaction,
        });
    }

    /// Before a request: does what is owed, and says whether a refused statement may be sent again.
    pub(super) async fn begin(&mut self, attempted: &'static str) -> Result<bool, Error> {
        if self.in_flight {
            let message = "the session was given up with an earlier request: dropped, late or refused half-way";
            let error = ConnectError::new(ErrorKind::Closed, message)
                .with_help("drop the lease or transaction, and take a new one");
            return Err(self.error(attempted, error));
        }
        self.note_write();
        self.in_flight = true;
        if let Some(owed) = self.owed.clone() {
            let session = self.session();
            let outcome = limited(session.limit, session.client.batch_execute(&owed.sql)).await;
            self.end(attempted, outcome).await?;
            self.owed = None;
            self.undone(owed.ends_transaction);
            self.in_flight = true;
        }
        Ok(self.transaction.is_none() && self.session().effect < Effect::Transaction)
    }

    /// After a request: the session is free again, or lost.
    pub(super) async fn end<T>(
        &mut self,
        attempted: &'static str,
        outcome: Outcome<T>,
    ) -> Result<T, Error> {
        self.note_write();
        match outcome {
            Ok(Ok(value)) => {
                self.in_flight = false;
                Ok(value)
            }
            Ok(Err(error)) => {
                // After an error, too, the driver skips to the end of the answer before it passes on the next one.
                self.failed(&error);
                let error = if self.is_own_read_only(&error) {
                    error::of_write_in_read_only(error)
                } else {
                    self.session().explain(error).await
                };
                Err(self.error(attempted, error))
            }
            Err(limit) => {
                // Still in flight, so that nobody uses the session again.
                self.session().cancel();
                let message = format!("no answer within {limit:?}");
                let error = ConnectError::new(ErrorKind::Timeout, message)
                    .with_sent(Sent::Unknown)
                    .with_help("make the statement faster, or raise `operation_timeout`");
                Err(self.error(attempted, error))
            }
        }
    }

    pub(super) fn error(&self, attempted: &'static str, error: ConnectError) -> Error {
        error.for_connection(Arc::clone(self.pooled().connection_name()), attempted)
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Says that the answer of a stream is there, whole.
    pub(super) fn done(&mut self) {
        self.note_write();
        self.in_flight = false;
    }

    /// Says that something may have been written up to now.
    fn note_write(&self) {
        if let Some(last_write) = &self.wrote {
            last_write.wrote();
        }
    }

    /// Whether a write was refused by the user's own doing, which is no sign of a server in the wrong role.
    fn is_own_read_only(&self, error: &tokio_postgres::Error) -> bool {
        self.transaction.is_some_and(|open| open.read_only) && is_write_refused(error)
    }

    /// Says that a request, or a stream's answer, was an error.
    pub(super) fn failed(&mut self, error: &tokio_postgres::Error) {
        self.in_flight = false;
        if is_write_refused(error) && !self.is_own_read_only(error) {
            self.write_refused();
        }
        if error::ends_session(error) {
            // The driver may not have noticed yet, and would let the next caller find out.
            self.session().effect = Effect::Lasting;
        }
        if let Some(open) = &mut self.transaction {
            open.aborted |= error.as_db_error().is_some();
        }
    }

    /// The server is no primary any more, unless the session was told not to write: its sessions are of no use.
    fn write_refused(&mut self) {
        let pooled = self.pooled();
        let client = pooled.writer.upgrade();
        let Some(client) = client.filter(|_| !pooled.is_told_read_only) else {
            return;
        };
        let is_retired = match client.write_refused(pooled.server) {
            Refusal::Expected => return,
            Refusal::OfSession => false,
            Refusal::OfServer => pooled.retire_pool(),
        };
        if !is_retired {
            // Closed, even if others of its age are not.
            self.session().effect = Effect::Lasting;
        }
    }

    /// Says that a transaction, or what followed a savepoint, was rolled back.
    pub(super) fn undone(&mut self, whole: bool) {
        match &mut self.transaction {
            Some(open) if !whole => open.aborted = false,
            transaction => *transaction = None,
        }
    }

    /// Says that more is to come.
    pub(super) fn go_on(&mut self) {
        self.in_flight = true;
    }

    fn pooled(&self) -> &Pooled<Manager> {
        let Some(pooled) = &self.pooled else {
            unreachable!("taken by drop only")
        };
        pooled
    }

    pub(super) fn session(&mut self) -> &mut Session {
        let Some(pooled) = &mut self.pooled else {
            unreachable!("taken by drop only")
        };
        pooled
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.note_write();
        let Some(mut pooled) = self.pooled.take() else {
            return;
        };
        if self.in_flight {
            pooled.cancel();
            return pooled.discard();
        }
        if self.transaction.is_some() {
            pooled.effect = pooled.effect.max(Effect::Transaction);
        }
        match pooled.effect {
            Effect::None => {}
            Effect::Lasting => pooled.discard(),
            Effect::Transaction | Effect::State => {
                let Ok(runtime) = Handle::try_current() else {
                    return pooled.discard();
                };
                // Closed, not given back, if the task is dropped before its end.
                pooled.begin();
                runtime.spawn(async move {
                    if let Ok(Ok(())) = timeout(RESET, pooled.reset()).await {
                        pooled.done();
                    }
                });
            }
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("connection", &self.pooled().connection_name())
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}

fn is_write_refused(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// What came back, or how long was waited in vain.
pub(super) type Outcome<T> = Result<Result<T, tokio_postgres::Error>, Duration>;

/// Waits for `request` as long as is allowed.
pub(super) async fn limited<T>(
    limit: Option<Duration>,
    request: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Outcome<T> {
    match limit {
        None => Ok(request.await),
        Some(limit) => timeout(limit, request).await.map_err(|_| limit),
    }
}
