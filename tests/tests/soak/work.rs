//! What the service does all day, each piece with a value that is known beforehand.

use std::time::Duration;

use connreg::capability::KeyValue;
use connreg::{CapabilityConnection, Connection, Connections, Error};
use connreg_backends::redis::driver::cmd;
use connreg_backends::{Postgres, Redis, Sqlite};
use tokio::time::timeout;

/// One piece of work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    Query,
    Transfer,
    Balance,
    Lease,
    Dropped,
    Echo,
    RedisLease,
    KeyValue,
    Local,
}

pub(crate) const ALL: [Work; 9] = [
    Work::Query,
    Work::Transfer,
    Work::Balance,
    Work::Lease,
    Work::Dropped,
    Work::Echo,
    Work::RedisLease,
    Work::KeyValue,
    Work::Local,
];

/// Accounts whose balances are 0 in all, whoever moves what.
const ACCOUNTS: i64 = 8;

/// The handles that the whole service shares.
#[derive(Clone)]
pub(crate) struct Handles {
    pub(crate) db: Connection<Postgres>,
    pub(crate) cache: Connection<Redis>,
    store: CapabilityConnection<dyn KeyValue>,
    local: Connection<Sqlite>,
}

impl Handles {
    pub(crate) fn of(connections: &Connections) -> Result<Self, Error> {
        Ok(Self {
            db: connections.get("db")?,
            cache: connections.get("cache")?,
            store: connections.get_as("cache")?,
            local: connections.get("local")?,
        })
    }

    /// Makes the tables; twice is no harm.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        let db = self.db.client().await?;
        db.batch_execute(
            "CREATE TABLE IF NOT EXISTS accounts (id bigint PRIMARY KEY, balance bigint NOT NULL)",
        )
        .await?;
        db.execute(
            "INSERT INTO accounts SELECT id, 0 FROM generate_series(0, $1::bigint - 1) id \
             ON CONFLICT DO NOTHING",
            &[&ACCOUNTS],
        )
        .await?;
        let local = self.local.client().await?;
        local
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS pairs (a INTEGER NOT NULL, b INTEGER NOT NULL)",
            )
            .await
    }
}

impl Work {
    /// Does it once. `caller` and `number` are nobody else's.
    ///
    /// # Panics
    ///
    /// A value is wrong.
    pub(crate) async fn once(
        self,
        handles: &Handles,
        caller: usize,
        number: i64,
    ) -> Result<(), Error> {
        match self {
            Self::Query => {
                let query = handles.db.run_idempotent(|db| async move {
                    let row = db.query_one("SELECT $1::bigint", &[&number]).await?;
                    Ok::<i64, Error>(row.get(0))
                });
                assert_eq!(query.await?, number);
                Ok(())
            }
            Self::Transfer => transfer(handles, number).await,
            Self::Balance => {
                let sum = handles.db.run_idempotent(|db| async move {
                    let sql = "SELECT sum(balance)::bigint, count(*) FROM accounts";
                    let row = db.query_one(sql, &[]).await?;
                    Ok::<(i64, i64), Error>((row.get(0), row.get(1)))
                });
                assert_eq!(sum.await?, (0, ACCOUNTS));
                Ok(())
            }
            Self::Lease => lease(handles, number).await,
            Self::Dropped => {
                let query = Box::pin(Self::Query.once(handles, caller, number));
                match timeout(Duration::from_micros(fastrand::u64(1..3000)), query).await {
                    Ok(outcome) => outcome,
                    Err(_) => Ok(()),
                }
            }
            Self::Echo => {
                let echo = handles.cache.run_idempotent(|cache| async move {
                    let echo = cmd("ECHO").arg(number).clone();
                    let answer = echo.query_async::<i64>(&mut cache.commands()).await;
                    answer.map_err(|error| cache.error("echo", error))
                });
                assert_eq!(echo.await?, number);
                Ok(())
            }
            Self::RedisLease => redis_lease(handles, caller, number).await,
            Self::KeyValue => key_value(handles, caller, number).await,
            Self::Local => local(handles, number).await,
        }
    }
}

/// Moves 1 from one account to the next: both, or neither.
async fn transfer(handles: &Handles, number: i64) -> Result<(), Error> {
    let first = number.rem_euclid(ACCOUNTS - 1);
    let transfer = handles.db.run(|db| async move {
        let mut transaction = db.transaction().await?;
        // In the order of their numbers, so that two transfers can't wait for each other.
        for (id, change) in [(first, -1_i64), (first + 1, 1)] {
            let sql = "UPDATE accounts SET balance = balance + $2 WHERE id = $1";
            let changed = transaction.execute(sql, &[&id, &change]).await?;
            assert_eq!(changed, 1);
        }
        transaction.commit().await
    });
    transfer.await
}

/// Two statements on one session.
async fn lease(handles: &Handles, number: i64) -> Result<(), Error> {
    let twice = handles.db.run(|db| async move {
        let mut lease = db.acquire().await?;
        let mut sessions = [0; 2];
        for session in &mut sessions {
            let sql = "SELECT pg_backend_pid(), $1::bigint";
            let row = lease.query_one(sql, &[&number]).await?;
            assert_eq!(row.get::<_, i64>(1), number);
            *session = row.get(0);
        }
        Ok::<[i32; 2], Error>(sessions)
    });
    let sessions = twice.await?;
    assert_eq!(sessions[0], sessions[1], "a lease changed its session");
    Ok(())
}

/// Written and read on one connection, by the only caller who knows the key.
async fn redis_lease(handles: &Handles, caller: usize, number: i64) -> Result<(), Error> {
    let key = format!("lease-{caller}");
    let read = handles.cache.run(|cache| {
        let key = key.clone();
        async move {
            let mut lease = cache.acquire().await?;
            let failed = |error| cache.error("lease", error);
            let set = cmd("SET").arg(&key).arg(number).clone();
            set.exec_async(&mut lease).await.map_err(failed)?;
            let get = cmd("GET").arg(&key).clone();
            get.query_async::<i64>(&mut lease).await.map_err(failed)
        }
    });
    let read = read.await?;
    // A request that was given up may still have been on its way to the server.
    assert!(read <= number, "{read} after {number}");
    Ok(())
}

/// What is read under a key was written by the key's owner, and not later than now; a server that was killed has forgotten it.
async fn key_value(handles: &Handles, caller: usize, number: i64) -> Result<(), Error> {
    let key = format!("value-{caller}");
    let store = handles.store.client().await?;
    let value = format!("{caller}:{number}");
    store.set(&key, value.as_bytes(), None).await?;
    let Some(read) = store.get(&key).await? else {
        return Ok(());
    };
    let read = String::from_utf8(read).unwrap();
    let (owner, written) = read.split_once(':').unwrap();
    assert_eq!(owner, caller.to_string(), "{key}");
    assert!(
        written.parse::<i64>().unwrap() <= number,
        "{read} after {number}"
    );
    Ok(())
}

/// Rows in a file, whose server never fails: nothing that happens to the others may touch it.
async fn local(handles: &Handles, number: i64) -> Result<(), Error> {
    let sum = handles.local.run(|local| async move {
        local
            .transaction(move |transaction| {
                transaction.execute("INSERT INTO pairs VALUES (?1, -?1)", [number])?;
                transaction.execute(
                    "DELETE FROM pairs WHERE rowid < last_insert_rowid() - 100",
                    [],
                )?;
                let sql = "SELECT sum(a) + sum(b) FROM pairs";
                Ok(transaction.query_row(sql, [], |row| row.get::<_, i64>(0))?)
            })
            .await
    });
    assert_eq!(sum.await?, 0);
    Ok(())
}
