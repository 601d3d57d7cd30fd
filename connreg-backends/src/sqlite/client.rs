//! What an open SQLite connection is used through.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connreg::pool::{Pool, PoolStatistics};
use connreg::{ConnectError, Context, Error, ErrorKind};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::error::{BoxError, classify, classify_boxed};
use super::manage::Manager;
use super::open::{Place, Target};
use super::parameters::Parameters;
use super::row::{Columns, Row};
use super::threads::Threads;
use super::worker::Worker;

/// A pool of connections to one database.
///
/// Writers of this process take turns, first come first served, since SQLite has one writer at a time;
/// `busy_timeout` limits how long one waits for its turn, and for writers of other processes. A dropped
/// future interrupts its statement and rolls back what it had begun.
pub struct Client {
    context: Context,
    pool: Pool<Manager>,
    /// A connection outside the pool, which keeps a database in memory alive.
    keeper: Mutex<Option<Worker>>,
    threads: Arc<Threads>,
    turn: Option<Semaphore>,
    busy_timeout: Duration,
}

impl Client {
    pub(super) async fn open(target: Target, context: &Context) -> Result<Self, ConnectError> {
        let (read_only, busy_timeout) = (target.read_only, target.busy_timeout);
        let lives_with_its_connections = matches!(target.place, Place::Memory(_));
        let threads = Threads::new(target);
        let first = threads.open().await?;
        let pool = Pool::new(Manager(Arc::clone(&threads)), context);
        let keeper = if lives_with_its_connections {
            Some(first)
        } else {
            pool.adopt(first);
            None
        };
        Ok(Self {
            context: context.clone(),
            pool,
            keeper: Mutex::new(keeper),
            threads,
            turn: (!read_only).then(|| Semaphore::new(1)),
            busy_timeout,
        })
    }

    /// Runs one statement that gives no rows, and tells how many rows it changed.
    ///
    /// # Errors
    ///
    /// What SQLite says of the statement or its parameters; also if the statement gives rows.
    pub async fn execute(&self, sql: &str, parameters: impl Parameters) -> Result<u64, Error> {
        const ATTEMPTED: &str = "execute";
        let bound = parameters
            .into_bound()
            .map_err(|error| self.failed(ATTEMPTED, error))?;
        let sql = sql.to_owned();
        let run = move |connection: &mut Connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            bound.bind(&mut statement)?;
            Ok(statement.raw_execute()? as u64)
        };
        let changed = self.on_pool(ATTEMPTED, true, run).await?;
        changed.map_err(|error| self.failed(ATTEMPTED, error))
    }

    /// Runs several statements, separated by semicolons, without parameters: a schema, as a rule.
    ///
    /// # Errors
    ///
    /// What SQLite says of the first that fails; those before it stay done.
    pub async fn execute_batch(&self, sql: &str) -> Result<(), Error> {
        const ATTEMPTED: &str = "execute_batch";
        let sql = sql.to_owned();
        let done = self.on_pool(ATTEMPTED, true, move |connection| {
            connection.execute_batch(&sql)
        });
        done.await?.map_err(|error| self.failed(ATTEMPTED, error))
    }

    /// All rows of a query.
    ///
    /// # Errors
    ///
    /// What SQLite says of the statement or its parameters.
    pub async fn query(&self, sql: &str, parameters: impl Parameters) -> Result<Vec<Row>, Error> {
        self.rows("query", sql, parameters, usize::MAX).await
    }

    /// The only row of a query.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query); also if there is none, or a second.
    pub async fn query_one(&self, sql: &str, parameters: impl Parameters) -> Result<Row, Error> {
        const ATTEMPTED: &str = "query_one";
        let rows = self.rows(ATTEMPTED, sql, parameters, 2).await?;
        let row = self.at_most_one(ATTEMPTED, rows)?;
        row.ok_or_else(|| self.failed(ATTEMPTED, rusqlite::Error::QueryReturnedNoRows))
    }

    /// The only row of a query, or none.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query); also if there is a second row.
    pub async fn query_opt(
        &self,
        sql: &str,
        parameters: impl Parameters,
    ) -> Result<Option<Row>, Error> {
        const ATTEMPTED: &str = "query_opt";
        let rows = self.rows(ATTEMPTED, sql, parameters, 2).await?;
        self.at_most_one(ATTEMPTED, rows)
    }

    /// Runs `work` in a transaction that may write from its start (`BEGIN IMMEDIATE`), so that it is
    /// never told half-way that another writer was first. `Ok` commits; an error, a panic or a dropped
    /// future rolls back.
    ///
    /// # Errors
    ///
    /// What `work` failed with, in [`source`](std::error::Error::source); or what SQLite says of
    /// beginning or committing.
    pub async fn transaction<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, BoxError> + Send + 'static,
    {
        const ATTEMPTED: &str = "transaction";
        let behavior = match self.turn {
            Some(_) => TransactionBehavior::Immediate,
            None => TransactionBehavior::Deferred,
        };
        let run = move |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(behavior)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        let done = self.on_pool(ATTEMPTED, true, run).await?;
        done.map_err(|error| {
            self.context
                .error(classify_boxed("the transaction", error), ATTEMPTED)
        })
    }

    /// Gives `work` a connection, on that connection's thread: for everything that `rusqlite` can do.
    ///
    /// A transaction that is left open is rolled back; the connection is closed then.
    ///
    /// # Errors
    ///
    /// What `work` failed with, in [`source`](std::error::Error::source).
    pub async fn with<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, BoxError> + Send + 'static,
    {
        const ATTEMPTED: &str = "with";
        let done = self.on_pool(ATTEMPTED, false, work).await?;
        done.map_err(|error| {
            self.context
                .error(classify_boxed("the closure", error), ATTEMPTED)
        })
    }

    /// The pool's figures.
    pub fn statistics(&self) -> PoolStatistics {
        self.pool.statistics()
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    pub(super) async fn check(&self) -> Result<(), ConnectError> {
        self.pool.check().await
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
        let keeper = &self.keeper;
        drop(keeper.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.threads.end().await;
    }

    /// Runs `work` on a leased connection: after those who wait for one, and, if it `writes`, after those who write.
    pub(super) async fn on_pool<T, F>(
        &self,
        attempted: &'static str,
        writes: bool,
        work: F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> T + Send + 'static,
    {
        let run = async {
            let _turn = if writes {
                self.take_turn(attempted).await?
            } else {
                None
            };
            let mut lease = self.pool.acquire().await?;
            lease.begin();
            let result = lease.run(work).await;
            lease.done();
            result.map_err(|error| self.context.error(error, attempted))
        };
        let Some(limit) = self.context.operation_timeout() else {
            return run.await;
        };
        timeout(limit, run).await.unwrap_or_else(|_| {
            let message = format!("not done within `operation_timeout`, {limit:?}; interrupted");
            Err(self
                .context
                .error(ConnectError::new(ErrorKind::Timeout, message), attempted))
        })
    }

    async fn take_turn(
        &self,
        attempted: &'static str,
    ) -> Result<Option<SemaphorePermit<'_>>, Error> {
        let Some(turn) = &self.turn else {
            return Ok(None);
        };
        if let Ok(permit) = timeout(self.busy_timeout, turn.acquire()).await {
            return Ok(permit.ok());
        }
        let waited = self.busy_timeout;
        let message = format!("other writers of this program had the database for {waited:?}");
        let error = ConnectError::new(ErrorKind::Overloaded, message)
            .with_help("keep transactions short, or raise `busy_timeout`");
        Err(self.context.error(error, attempted))
    }

    async fn rows(
        &self,
        attempted: &'static str,
        sql: &str,
        parameters: impl Parameters,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        let bound = parameters
            .into_bound()
            .map_err(|error| self.failed(attempted, error))?;
        let sql = sql.to_owned();
        let name = Arc::clone(self.context.name());
        let run = move |connection: &mut Connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            bound.bind(&mut statement)?;
            let names = statement.column_names().map(str::to_owned).collect();
            let columns = Arc::new(Columns {
                connection: name,
                names,
            });
            let mut found = Vec::new();
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next()? {
                let values = (0..columns.names.len()).map(|index| row.get(index));
                let values = values.collect::<Result<_, _>>()?;
                found.push(Row {
                    columns: Arc::clone(&columns),
                    values,
                });
                if found.len() == limit {
                    break;
                }
            }
            Ok(found)
        };
        // A query that writes (`… RETURNING`) has no turn and waits for its lock in SQLite.
        self.on_pool(attempted, false, run)
            .await?
            .map_err(|error| self.failed(attempted, error))
    }

    fn at_most_one(
        &self,
        attempted: &'static str,
        mut rows: Vec<Row>,
    ) -> Result<Option<Row>, Error> {
        if rows.len() > 1 {
            return Err(self.failed(attempted, rusqlite::Error::QueryReturnedMoreThanOneRow));
        }
        Ok(rows.pop())
    }

    fn failed(&self, attempted: &'static str, error: rusqlite::Error) -> Error {
        self.context
            .error(classify("the statement", error), attempted)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("name", self.context.name())
            .finish_non_exhaustive()
    }
}
