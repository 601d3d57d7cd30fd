//! Reading from replicas, and reading what one has written.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use connreg::topology::{LastWrite, ReadFrom, Role};
use connreg::{Error, ErrorKind};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Row;
use tokio_postgres::types::{BorrowToSql, ToSql};

use super::client::Client;
use super::executor::Executor;
use super::hold::Hold;
use super::lease::Lease;
use super::stream::RowStream;
use super::transaction::{Begins, Transaction, TransactionBuilder};

/// Runs a read, and runs it elsewhere if the replica is lost on the way: nothing can have been changed there.
macro_rules! elsewhere {
    ($reader:expr, $executor:ident => $read:expr) => {{
        let mut left = $reader.client.connector().servers().count();
        loop {
            let mut $executor = $reader.executor(Location::caller()).await?;
            match $read.await {
                Err(error) if left > 0 && $executor.has_lost_replica(&error) => left -= 1,
                outcome => break outcome,
            }
        }
    }};
}

/// What reads are sent through, made by [`Client::read`]. Cheap to clone.
///
/// With `read_from: prefer_replica` or `replica` each read goes to a replica that is neither too far behind nor has
/// failed in the last minute: among those that answer about as fast as the fastest, to the one with less to do. A write
/// is refused there.
///
/// # Examples
///
/// ```
/// # async fn report(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// let mut report = db.read().transaction().await?;
/// let orders = report.query_one("SELECT count(*) FROM orders", &[]).await?;
/// let users = report.query_one("SELECT count(*) FROM users", &[]).await?;
/// report.commit().await?;
/// # let _ = (orders, users);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Reader {
    client: Client,
    /// Of whoever wants to see his own writes.
    last_write: Option<Arc<LastWrite>>,
}

impl Reader {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            last_write: None,
        }
    }

    /// As [`Client::query`].
    ///
    /// # Errors
    ///
    /// As [`Client::query`], and if there is no server to read from.
    pub async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        elsewhere!(self, executor => executor.query(sql, params))
    }

    /// As [`Client::query_one`].
    ///
    /// # Errors
    ///
    /// As [`Client::query_one`], and if there is no server to read from.
    pub async fn query_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        elsewhere!(self, executor => executor.query_one(sql, params))
    }

    /// As [`Client::query_opt`].
    ///
    /// # Errors
    ///
    /// As [`Client::query_opt`], and if there is no server to read from.
    pub async fn query_opt(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        elsewhere!(self, executor => executor.query_opt(sql, params))
    }

    /// As [`Client::query_raw`]: rows as they come in. A replica that is lost on the way ends them with an error.
    ///
    /// # Errors
    ///
    /// As [`Client::query_raw`], and if there is no server to read from.
    pub async fn query_raw<P, I>(&self, sql: &str, params: I) -> Result<RowStream<'static>, Error>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut executor = Box::new(self.executor(Location::caller()).await?);
        let rows = executor.start_rows(sql, params).await?;
        Ok(RowStream::new(Hold::Own(executor), rows))
    }

    /// Begins a read-only transaction: several reads of one state of the data.
    ///
    /// # Errors
    ///
    /// No session was to be had, or the server refused it.
    #[track_caller]
    pub fn transaction(
        &self,
    ) -> impl Future<Output = Result<Transaction<'static>, Error>> + Send + '_ {
        self.build_transaction().start()
    }

    /// Begins a read-only transaction of a certain kind; on a replica it can't be `SERIALIZABLE`.
    #[track_caller]
    pub fn build_transaction(&self) -> TransactionBuilder<'static> {
        let begins = Begins::Reading(self.clone());
        TransactionBuilder::on_pool(begins, Location::caller()).read_only(true)
    }

    /// A session with a server that is fit to be read from.
    pub(super) async fn executor(
        &self,
        place: &'static Location<'static>,
    ) -> Result<Executor, Error> {
        let servers = self.client.connector().servers();
        let topology = &servers.topology;
        let is_recent = |write: &Arc<LastWrite>| write.is_recent(topology.settings());
        if servers.read_from == ReadFrom::Primary || self.last_write.as_ref().is_some_and(is_recent)
        {
            return self.client.executor_at(place).await;
        }
        self.client.look_after_roles();
        let ends = Instant::now() + topology.settings().failover_timeout;
        loop {
            let looked = servers.looked.notified();
            if self.client.is_closed() {
                return self.client.executor_at(place).await;
            }
            let reader = match topology.reader(servers.read_from) {
                Ok(reader) => reader,
                Err(none) => match timeout_at(ends, looked).await {
                    Ok(()) => continue,
                    Err(_) => return Err(self.client.connector().context().error(none, "acquire")),
                },
            };
            let server = servers.number(reader.endpoint());
            let Some(server) = server.filter(|_| reader.role() == Role::Replica) else {
                return self.client.executor_at(place).await;
            };
            match self.client.reading_pool(server).acquire_at(place).await {
                Ok(lease) => return Ok(Executor::new(lease).reading(reader)),
                // Banned by this, so that another one has its turn.
                Err(error) if is_lost(&error) => {
                    reader.failed();
                    if Instant::now() >= ends {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether an error says that the server is not to be reached.
pub(super) fn is_lost(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Refused | ErrorKind::Dns)
        || (error.kind() == ErrorKind::Timeout && error.request_sent() == connreg::Sent::No)
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// Reads from replicas and writes to the primary, such that what was written is read: made by
/// [`Client::read_your_writes`]. Cheap to clone; clones remember the same writes.
///
/// For 2 s after a write its reads go to the primary.
///
/// # Examples
///
/// ```
/// # async fn rename(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// let user = db.read_your_writes();
/// user.execute("UPDATE users SET name = 'Ada' WHERE id = $1", &[&7]).await?;
/// // Already from the primary:
/// let row = user.read().query_one("SELECT name FROM users WHERE id = $1", &[&7]).await?;
/// # let _ = row;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReadYourWrites {
    reader: Reader,
    last_write: Arc<LastWrite>,
}

impl ReadYourWrites {
    pub(super) fn new(client: Client) -> Self {
        let last_write = Arc::<LastWrite>::default();
        Self {
            reader: Reader {
                client,
                last_write: Some(Arc::clone(&last_write)),
            },
            last_write,
        }
    }

    /// What reads are sent through.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Runs a statement on the primary and gives the number of rows that it touched.
    ///
    /// # Errors
    ///
    /// As [`Client::execute`].
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let mut executor = self.executor(Location::caller()).await?;
        executor.execute(sql, params).await
    }

    /// Begins a transaction on the primary; counts as a write until it ends.
    ///
    /// # Errors
    ///
    /// As [`Client::transaction`].
    #[track_caller]
    pub fn transaction(
        &self,
    ) -> impl Future<Output = Result<Transaction<'static>, Error>> + Send + '_ {
        let begins = Begins::Writing(self.clone());
        TransactionBuilder::on_pool(begins, Location::caller()).start()
    }

    /// Takes a session with the primary out of the pool, for whatever else writes; counts as a write until it is dropped.
    ///
    /// # Errors
    ///
    /// As [`Client::acquire`].
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Lease, Error>> + Send + '_ {
        let place = Location::caller();
        async move { Ok(Lease::new(self.executor(place).await?)) }
    }

    pub(super) async fn executor(
        &self,
        place: &'static Location<'static>,
    ) -> Result<Executor, Error> {
        let executor = self.reader.client.executor_at(place).await?;
        Ok(executor.writing(Arc::clone(&self.last_write)))
    }
}
