//! What an open connection is used through.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, Weak};

use connreg::pool::{Lease as Pooled, Pool, PoolStatistics};
use connreg::topology::Role;
use connreg::{ConnectError, ConnectionLimit, Context, Error, ErrorKind};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::types::{BorrowToSql, ToSql, Type};
use tokio_postgres::{Row, SimpleQueryMessage};

use super::connect::Connector;
use super::copy_in::CopyIn;
use super::executor::Executor;
use super::hold::Hold;
use super::lease::Lease;
use super::limit;
use super::listen::{self, Notifications};
use super::looker::Looker;
use super::manager::Manager;
use super::read::{ReadYourWrites, Reader};
use super::servers::lock;
use super::settings::Postgres;
use super::stream::{CopyOut, RowStream};
use super::transaction::{Begins, Transaction, TransactionBuilder};

/// An open connection to Postgres: a pool of sessions. Cheap to clone.
///
/// Each call takes a session for as long as it lasts. Statements are prepared once for each session and kept. What
/// needs one session for several calls takes [`transaction`](Self::transaction) or [`acquire`](Self::acquire).
///
/// # Examples
///
/// ```
/// # async fn adults(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// for row in db.query("SELECT name FROM users WHERE age > $1", &[&25]).await? {
///     println!("{}", row.get::<_, &str>("name"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// What the clones of a client share.
pub(crate) struct Inner {
    /// Of those who write, and of all where there is one server.
    pool: Pool<Manager>,
    /// Of those who read from a replica, by the replica's number.
    readers: Mutex<HashMap<usize, Pool<Manager>>>,
    connector: Connector,
    /// There from the first trouble, or the first read from a replica, on.
    looker: Mutex<Option<Looker>>,
    closed: watch::Sender<bool>,
}

/// What a write that was refused for the server's role tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing: the session is fit for reading, and no better one is to be had.
    Expected,
    /// The session is of no use.
    OfSession,
    /// No session with the server is.
    OfServer,
}

impl Inner {
    /// A write was refused for the server's role.
    pub(super) fn write_refused(self: &Arc<Self>, server: usize) -> Refusal {
        let servers = self.connector.servers();
        let name = servers.name(server);
        if !servers.is_for_writing() {
            return Refusal::Expected;
        }
        if servers.topology.role(name) == Role::Replica {
            // Either it was opened for want of a better one, or its server has changed since.
            return if servers.has_primary_only() {
                Refusal::OfSession
            } else {
                Refusal::Expected
            };
        }
        servers.topology.write_refused(name);
        self.look_after_roles();
        Refusal::OfServer
    }

    /// Has somebody look at the servers from now on.
    pub(super) fn look_after_roles(self: &Arc<Self>) {
        let mut looker = lock(&self.looker);
        // Asked with the lock held: whoever closes takes the looker after saying so.
        if *self.closed.borrow() {
            return;
        }
        looker.get_or_insert_with(|| {
            self.connector.servers().begin_looking();
            let (connector, pool) = (self.connector.clone(), self.pool.clone());
            Looker::start(connector, pool, Arc::downgrade(self))
        });
    }
}

impl Client {
    pub(super) async fn open(settings: &Postgres, context: &Context) -> Result<Self, ConnectError> {
        let connector = Connector::new(settings, context).await?;
        // Outside the pool, so that a wrong password comes back as what it is; the pool then begins with this one.
        let mut first = connector.open_first().await?;
        let client = Self(Arc::new_cyclic(|client| {
            first.writer = Weak::clone(client);
            let manager = Manager::of_writers(connector.clone(), Weak::clone(client));
            let pool = Pool::new(manager, context);
            pool.adopt(first);
            Inner {
                pool,
                readers: Mutex::default(),
                connector,
                looker: Mutex::default(),
                closed: watch::Sender::new(false),
            }
        }));
        if client.0.connector.servers().wants_looks() {
            client.0.look_after_roles();
        }
        Ok(client)
    }

    pub(super) async fn check(&self) -> Result<(), ConnectError> {
        self.0.pool.check().await
    }

    pub(super) async fn connection_limit(&self) -> Result<ConnectionLimit, ConnectError> {
        let mut session = self.0.connector.open(None).await?;
        limit::ask(&mut session).await
    }

    pub(super) async fn close(&self) {
        self.0.closed.send_replace(true);
        drop(lock(&self.0.looker).take());
        // Nobody looks any more, and whoever waits for it is told so.
        self.0.connector.servers().looked.notify_waiters();
        let readers: Vec<_> = lock(&self.0.readers).values().cloned().collect();
        let mut closing = JoinSet::new();
        for pool in readers {
            closing.spawn(async move { pool.close().await });
        }
        self.0.pool.close().await;
        while closing.join_next().await.is_some() {}
    }

    #[track_caller]
    pub(super) fn executor(&self) -> impl Future<Output = Result<Executor, Error>> + Send + '_ {
        self.executor_at(Location::caller())
    }

    pub(super) async fn executor_at(
        &self,
        place: &'static Location<'static>,
    ) -> Result<Executor, Error> {
        match self.0.pool.acquire_at(place).await {
            Ok(lease) => Ok(Executor::new(lease)),
            Err(error) if error.kind() == ErrorKind::Role => Ok(Executor::new(
                Box::pin(self.wait_for_role(place, error)).await?,
            )),
            Err(error) => Err(error),
        }
    }

    /// There is no server that takes writes: waits for one, as long as is configured.
    async fn wait_for_role(
        &self,
        place: &'static Location<'static>,
        mut error: Error,
    ) -> Result<Pooled<Manager>, Error> {
        let servers = self.0.connector.servers();
        self.0.look_after_roles();
        while let Some(ends) = servers.search_ends()
            && Instant::now() < ends
        {
            let found = timeout_at(ends, servers.topology.wait_for_primary()).await;
            self.0.pool.server_is_back();
            // One that was found may be lost again. One that was not found may be done without by now.
            let acquired = self.0.pool.acquire_at(place).await;
            match acquired {
                Err(again) if again.kind() == ErrorKind::Role && matches!(found, Ok(Ok(_))) => {
                    error = again;
                }
                acquired => return acquired,
            }
        }
        Err(error)
    }

    /// The pool of those who read from this replica, opened at the first need.
    pub(super) fn reading_pool(&self, server: usize) -> Pool<Manager> {
        let connector = &self.0.connector;
        let open = || {
            let manager = Manager::of_readers(connector.clone(), server);
            Pool::new(manager, connector.context())
        };
        let mut readers = lock(&self.0.readers);
        if self.is_closed() {
            // Closed as well, and says so.
            return self.0.pool.clone();
        }
        readers.entry(server).or_insert_with(open).clone()
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.0.connector
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.0.closed.borrow()
    }

    pub(super) fn look_after_roles(&self) {
        self.0.look_after_roles();
    }

    /// Reads go where the setting `read_from` says: to a replica, or to the primary. Opens nothing before the first read.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn adults(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
    /// let adults = db.read().query("SELECT name FROM users WHERE age > $1", &[&25]).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// As [`read`](Self::read), for somebody who writes as well: after a write, reads go to the primary for 2 s, so that
    /// what was written is seen. One for each user or request; clones remember the same writes.
    pub fn read_your_writes(&self) -> ReadYourWrites {
        ReadYourWrites::new(self.clone())
    }

    /// Has all sessions closed that are open now: idle ones at once, others when they come back.
    ///
    /// For a server that has changed its role, its address or its credentials.
    pub fn retire(&self) {
        self.0.connector.servers().retire();
        self.0.pool.retire();
        lock(&self.0.readers).values().for_each(Pool::retire);
    }

    /// Lets callers wait for a session, up to `pool.acquire_timeout`, until [`resume`](Self::resume). For planned
    /// switch-overs. Reads from replicas go on.
    pub fn suspend(&self) {
        self.0.pool.suspend();
    }

    /// Serves callers again, in the order of asking.
    pub fn resume(&self) {
        self.0.pool.resume();
    }

    /// The pool's figures; with pools of replicas, those of all together.
    pub fn statistics(&self) -> PoolStatistics {
        let readers = lock(&self.0.readers);
        let readers = readers.values().map(Pool::statistics);
        readers.fold(self.0.pool.statistics(), |all, one| all.plus(&one))
    }

    /// Runs a statement and gives all its rows.
    ///
    /// # Errors
    ///
    /// No session was to be had, or the server refused the statement (see [`sql_state`](super::sql_state)), took longer
    /// than `operation_timeout`, or is gone.
    pub async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.executor().await?.query(sql, params).await
    }

    /// Runs a statement that gives exactly one row.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query), and if there is no row, or more than one.
    pub async fn query_one(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.executor().await?.query_one(sql, params).await
    }

    /// Runs a statement that gives one row or none.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query), and if there is more than one row.
    pub async fn query_opt(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        self.executor().await?.query_opt(sql, params).await
    }

    /// Runs a statement and gives the number of rows that it touched.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn execute(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        self.executor().await?.execute(sql, params).await
    }

    /// Runs a statement whose parameters' types are given, in one round trip and without preparing it.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn query_typed(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        self.executor().await?.query_typed(sql, params).await
    }

    /// Runs a statement and gives its rows as they come in.
    ///
    /// `operation_timeout` holds for the start and for each wait for more rows. Reading slowly slows the server
    /// down; dropping the stream before its end closes its session.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn query_raw<P, I>(&self, sql: &str, params: I) -> Result<RowStream<'static>, Error>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut executor = Box::new(self.executor().await?);
        let rows = executor.start_rows(sql, params).await?;
        Ok(RowStream::new(Hold::Own(executor), rows))
    }

    /// Runs several statements, separated by `;` and without parameters.
    ///
    /// Never put text from outside into them.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
        self.executor().await?.batch_execute(sql).await
    }

    /// Runs several statements, separated by `;` and without parameters, and gives their rows as text.
    ///
    /// Never put text from outside into them.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn simple_query(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        self.executor().await?.simple_query(sql).await
    }

    /// Starts a `COPY … FROM STDIN`.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn copy_in(&self, sql: &str) -> Result<CopyIn<'static>, Error> {
        let mut executor = Box::new(self.executor().await?);
        let sink = executor.start_copy_in(sql).await?;
        Ok(CopyIn::new(Hold::Own(executor), sink))
    }

    /// Starts a `COPY … TO STDOUT`.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut<'static>, Error> {
        let mut executor = Box::new(self.executor().await?);
        let data = executor.start_copy_out(sql).await?;
        Ok(CopyOut::new(Hold::Own(executor), data))
    }

    /// Begins a transaction on a session of its own.
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

    /// Begins a transaction of a certain kind.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn report(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
    /// use connreg_backends::postgres::IsolationLevel;
    ///
    /// let mut report = db
    ///     .build_transaction()
    ///     .isolation_level(IsolationLevel::Serializable)
    ///     .read_only(true)
    ///     .deferrable(true)
    ///     .start()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn build_transaction(&self) -> TransactionBuilder<'static> {
        TransactionBuilder::on_pool(Begins::Client(self.clone()), Location::caller())
    }

    /// Takes a session of one's own out of the pool.
    ///
    /// # Errors
    ///
    /// None became free within `pool.acquire_timeout`, or none could be opened.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<Lease, Error>> + Send + '_ {
        let place = Location::caller();
        async move { Ok(Lease::new(self.executor_at(place).await?)) }
    }

    /// Listens on channels, on a session beside the pool, which is opened anew whenever it is lost.
    ///
    /// # Errors
    ///
    /// The session could not be opened.
    pub async fn listen<I>(&self, channels: I) -> Result<Notifications, Error>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let channels = channels
            .into_iter()
            .map(|channel| channel.as_ref().to_owned())
            .collect();
        listen::start(
            self.0.connector.clone(),
            channels,
            self.0.closed.subscribe(),
        )
        .await
    }

    /// Tells whoever listens on a channel.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub async fn notify(&self, channel: &str, payload: &str) -> Result<(), Error> {
        self.execute("SELECT pg_notify($1, $2)", &[&channel, &payload])
            .await
            .map(drop)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("connection", self.0.connector.context().name())
            .field("pool", &self.statistics())
            .finish()
    }
}
