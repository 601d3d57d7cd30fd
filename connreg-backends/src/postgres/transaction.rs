//! Transactions and savepoints: what is not committed is rolled back, whatever happens to the future.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use connreg::{ConnectError, Error, ErrorKind, Sent};
use tokio_postgres::IsolationLevel;

use super::client::Client;
use super::executor::{Executor, Open};
use super::hold::Hold;
use super::read::{ReadYourWrites, Reader};

/// A transaction, or a savepoint within one. Rolled back unless committed.
///
/// # Examples
///
/// ```
/// # async fn move_money(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// let mut transaction = db.transaction().await?;
/// transaction.execute("UPDATE accounts SET cents = cents - 100 WHERE id = $1", &[&1]).await?;
/// transaction.execute("UPDATE accounts SET cents = cents + 100 WHERE id = $1", &[&2]).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
pub struct Transaction<'a> {
    hold: Hold<'a>,
    /// 0 for the transaction itself, else the savepoint's number.
    depth: u32,
    done: bool,
}

impl Transaction<'_> {
    /// Keeps what was done.
    ///
    /// # Errors
    ///
    /// The server refused it, or is gone; then [`Error::request_sent`] tells whether it may have been carried out. A
    /// transaction in which a statement has failed is rolled back, and that is an error, too.
    pub async fn commit(mut self) -> Result<(), Error> {
        if self.hold.transaction.is_some_and(|open| open.aborted) {
            self.roll_back().await?;
            let message = "a statement of the transaction had failed, so it was rolled back";
            let error = ConnectError::new(ErrorKind::Other, message)
                .with_sent(Sent::Yes)
                .with_help(
                    "look at the errors of its statements, or put what may fail into a savepoint",
                );
            return Err(self.hold.error("commit", error));
        }
        let sql = match self.depth {
            0 => "COMMIT".to_owned(),
            depth => format!("RELEASE SAVEPOINT {}", savepoint(depth)),
        };
        // Until the answer is there it counts as open, so that a dropped future gets the session closed.
        self.hold.control("commit", &sql).await?;
        self.done = true;
        if self.depth == 0 {
            self.hold.transaction = None;
        }
        Ok(())
    }

    /// Undoes what was done, as dropping does, and waits for it.
    ///
    /// # Errors
    ///
    /// The server is gone; then nothing was kept either.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.roll_back().await
    }

    async fn roll_back(&mut self) -> Result<(), Error> {
        let undo = self.undo();
        self.hold.control("rollback", &undo).await?;
        self.done = true;
        self.hold.undone(self.depth == 0);
        Ok(())
    }

    fn undo(&self) -> String {
        match self.depth {
            0 => "ROLLBACK".to_owned(),
            depth => format!("ROLLBACK TO SAVEPOINT {}", savepoint(depth)),
        }
    }

    /// Begins a savepoint: what is done in it can be undone without undoing the whole transaction.
    ///
    /// # Errors
    ///
    /// The server refused it, or is gone.
    pub async fn savepoint(&mut self) -> Result<Transaction<'_>, Error> {
        let depth = self.depth + 1;
        let sql = format!("SAVEPOINT {}", savepoint(depth));
        self.hold.control("savepoint", &sql).await?;
        Ok(Transaction {
            hold: Hold::Lent(&mut self.hold),
            depth,
            done: false,
        })
    }
}

fn savepoint(depth: u32) -> String {
    format!("connreg_{depth}")
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        // A session of our own goes back to the pool, which sees that the transaction is open.
        if let Hold::Lent(_) = self.hold {
            let undo = self.undo();
            self.hold.owe(undo, self.depth == 0);
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        &self.hold
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Executor {
        &mut self.hold
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

/// Begins a transaction of a certain kind; what is not said is as the server's settings have it.
#[must_use = "nothing happens before `start`"]
#[derive(Debug)]
pub struct TransactionBuilder<'a> {
    on: On<'a>,
    isolation: Option<IsolationLevel>,
    read_only: Option<bool>,
    deferrable: Option<bool>,
}

#[derive(Debug)]
enum On<'a> {
    /// With the place that asked for it.
    Pool(Begins, &'static Location<'static>),
    Lease(&'a mut Executor),
}

/// Who begins a transaction on a session of its own.
#[derive(Debug)]
pub(super) enum Begins {
    Client(Client),
    Reading(Reader),
    Writing(ReadYourWrites),
}

impl Begins {
    async fn executor(&self, place: &'static Location<'static>) -> Result<Executor, Error> {
        match self {
            Self::Client(client) => client.executor_at(place).await,
            Self::Reading(reader) => reader.executor(place).await,
            Self::Writing(writer) => writer.executor(place).await,
        }
    }
}

impl<'a> TransactionBuilder<'a> {
    pub(super) fn on_pool(begins: Begins, place: &'static Location<'static>) -> Self {
        Self::new(On::Pool(begins, place))
    }

    pub(super) fn on_lease(executor: &'a mut Executor) -> Self {
        Self::new(On::Lease(executor))
    }

    fn new(on: On<'a>) -> Self {
        Self {
            on,
            isolation: None,
            read_only: None,
            deferrable: None,
        }
    }

    /// How far it is kept apart from other transactions.
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.isolation = Some(level);
        self
    }

    /// Whether it can't write.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = Some(read_only);
        self
    }

    /// Whether a serializable, read-only one waits until it can't fail.
    pub fn deferrable(mut self, deferrable: bool) -> Self {
        self.deferrable = Some(deferrable);
        self
    }

    /// Begins it.
    ///
    /// # Errors
    ///
    /// No session was to be had, or the server refused it.
    pub async fn start(self) -> Result<Transaction<'a>, Error> {
        let sql = self.sql();
        let mut hold = match self.on {
            On::Pool(begins, place) => Hold::Own(Box::new(begins.executor(place).await?)),
            On::Lease(executor) => Hold::Lent(executor),
        };
        if hold.transaction.is_some() {
            let error =
                ConnectError::new(ErrorKind::Other, "the session is in a transaction already")
                    .with_help("use `savepoint` within a transaction");
            return Err(hold.error("transaction", error));
        }
        // A future dropped from here on leaves the session in flight, which gets it closed.
        hold.control("transaction", &sql).await?;
        hold.transaction = Some(Open {
            read_only: self.read_only == Some(true),
            aborted: false,
        });
        Ok(Transaction {
            hold,
            depth: 0,
            done: false,
        })
    }

    fn sql(&self) -> String {
        let isolation = self.isolation.map(|level| match level {
            IsolationLevel::ReadUncommitted => "ISOLATION LEVEL READ UNCOMMITTED",
            IsolationLevel::RepeatableRead => "ISOLATION LEVEL REPEATABLE READ",
            IsolationLevel::Serializable => "ISOLATION LEVEL SERIALIZABLE",
            _ => "ISOLATION LEVEL READ COMMITTED",
        });
        let read_only = self
            .read_only
            .map(|on| if on { "READ ONLY" } else { "READ WRITE" });
        let deferrable = self
            .deferrable
            .map(|on| if on { "DEFERRABLE" } else { "NOT DEFERRABLE" });
        let modes: Vec<_> = [isolation, read_only, deferrable]
            .into_iter()
            .flatten()
            .collect();
        format!("START TRANSACTION {}", modes.join(", "))
    }
}
