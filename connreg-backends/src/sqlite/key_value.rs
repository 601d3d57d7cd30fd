//! `KeyValue` by a table of the database, made at the first use.
//!
//! Times are the system's clock in milliseconds since 1970, since the file outlives the process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connreg::ConnectError;
use connreg::capability::{KeyValue, KeyValueError, ScanPage, async_trait, key_value};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::client::Client;
use super::error::classify;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS connreg_key_value (
        key TEXT NOT NULL PRIMARY KEY,
        value BLOB NOT NULL,
        expires_at INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS connreg_key_value_expiry
        ON connreg_key_value (expires_at) WHERE expires_at IS NOT NULL;";

/// How many expired entries a write takes away, so that the table shrinks without a task of its own.
const SWEPT_BY_A_WRITE: u32 = 32;

#[async_trait]
impl KeyValue for Client {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KeyValueError> {
        const ATTEMPTED: &str = "get";
        let key = self.key(ATTEMPTED, key)?;
        let found = self.read(ATTEMPTED, move |connection, now| {
            let sql = "SELECT value FROM connreg_key_value
                       WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
            connection
                .prepare_cached(sql)?
                .query_row(params![key, now], |row| row.get(0))
                .optional()
        });
        found.await.map(Option::flatten)
    }

    async fn set(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<(), KeyValueError> {
        const ATTEMPTED: &str = "set";
        let (key, value) = (self.key(ATTEMPTED, key)?, value.to_vec());
        let expiry = self.told(ATTEMPTED, key_value::expiry_millis(expiry))?;
        self.write(ATTEMPTED, move |connection, now| {
            let sql = "INSERT INTO connreg_key_value VALUES (?1, ?2, ?3) ON CONFLICT (key)
                       DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";
            connection
                .prepare_cached(sql)?
                .execute(params![key, value, after(now, expiry)])?;
            Ok(Ok(()))
        })
        .await
    }

    async fn set_if_absent(
        &self,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<bool, KeyValueError> {
        const ATTEMPTED: &str = "set_if_absent";
        let (key, value) = (self.key(ATTEMPTED, key)?, value.to_vec());
        let expiry = self.told(ATTEMPTED, key_value::expiry_millis(expiry))?;
        self.write(ATTEMPTED, move |connection, now| {
            insert_if_absent(connection, &key, &value, after(now, expiry), now).map(Ok)
        })
        .await
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<bool, KeyValueError> {
        const ATTEMPTED: &str = "compare_and_swap";
        let (key, new) = (self.key(ATTEMPTED, key)?, new.to_vec());
        let expected = expected.map(<[u8]>::to_vec);
        self.write(ATTEMPTED, move |connection, now| {
            let Some(expected) = expected else {
                return insert_if_absent(connection, &key, &new, None, now).map(Ok);
            };
            let sql = "UPDATE connreg_key_value SET value = ?3
                       WHERE key = ?1 AND value = ?2 AND (expires_at IS NULL OR expires_at > ?4)";
            let changed = connection
                .prepare_cached(sql)?
                .execute(params![key, expected, new, now])?;
            Ok(Ok(changed == 1))
        })
        .await
    }

    async fn delete(&self, key: &str) -> Result<bool, KeyValueError> {
        const ATTEMPTED: &str = "delete";
        let key = self.key(ATTEMPTED, key)?;
        self.write(ATTEMPTED, move |connection, now| {
            let sql = "DELETE FROM connreg_key_value
                       WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
            Ok(Ok(connection
                .prepare_cached(sql)?
                .execute(params![key, now])?
                == 1))
        })
        .await
    }

    async fn increment(&self, key: &str, by: i64) -> Result<i64, KeyValueError> {
        const ATTEMPTED: &str = "increment";
        let key = self.key(ATTEMPTED, key)?;
        self.write(ATTEMPTED, move |connection, now| {
            let live = "SELECT value FROM connreg_key_value
                        WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)";
            let found: Option<Vec<u8>> = connection
                .prepare_cached(live)?
                .query_row(params![key, now], |row| row.get(0))
                .optional()?;
            let sum = match key_value::sum(found.as_deref(), by) {
                Ok(sum) => sum,
                Err(error) => return Ok(Err(error)),
            };
            let number = sum.to_string().into_bytes();
            if found.is_some() {
                let sql = "UPDATE connreg_key_value SET value = ?2 WHERE key = ?1";
                connection
                    .prepare_cached(sql)?
                    .execute(params![key, number])?;
            } else {
                insert_if_absent(connection, &key, &number, None, now)?;
            }
            Ok(Ok(sum))
        })
        .await
    }

    async fn scan(
        &self,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<ScanPage, KeyValueError> {
        const ATTEMPTED: &str = "scan";
        let (prefix, cursor) = (prefix.to_owned(), cursor.unwrap_or_default().to_owned());
        let limit = limit.clamp(1, key_value::LARGEST_PAGE);
        let page = self.read(ATTEMPTED, move |connection, now| {
            let sql = "SELECT key FROM connreg_key_value
                       WHERE key >= ?1 AND key > ?2 AND (expires_at IS NULL OR expires_at > ?3)
                       ORDER BY key";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![prefix, cursor, now])?;
            let mut page = ScanPage::default();
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                // In the order of bytes, all keys with a prefix stand together.
                if !key.starts_with(&prefix) {
                    break;
                }
                page.keys.push(key);
                if page.keys.len() == limit {
                    page.next = page.keys.last().cloned();
                    break;
                }
            }
            Ok(page)
        });
        page.await.map(Option::unwrap_or_default)
    }
}

impl Client {
    /// Runs `work` with the time; `None` while nothing was ever written and there is no table.
    async fn read<T, F>(&self, attempted: &'static str, work: F) -> Result<Option<T>, KeyValueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, i64) -> rusqlite::Result<T> + Send + 'static,
    {
        let run = move |connection: &mut Connection| match work(connection, now()) {
            Ok(found) => Ok(Some(found)),
            Err(error) if !has_table(connection)? => {
                drop(error);
                Ok(None)
            }
            Err(error) => Err(error),
        };
        let outcome = self.on_pool(attempted, false, run).await?;
        outcome.map_err(|error| {
            self.context()
                .error(classify("the statement", error), attempted)
        })
    }

    /// Runs `work` with the time in a transaction, sweeps, and makes the table if it is not there.
    async fn write<T, F>(&self, attempted: &'static str, work: F) -> Result<T, KeyValueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, i64) -> rusqlite::Result<Result<T, ConnectError>> + Send + 'static,
    {
        let run = move |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if !has_table(&transaction)? {
                transaction.execute_batch(TABLE)?;
            }
            let now = now();
            let outcome = work(&transaction, now)?;
            if outcome.is_ok() {
                sweep(&transaction, now)?;
                transaction.commit()?;
            }
            Ok(outcome)
        };
        let outcome = self.on_pool(attempted, true, run).await?;
        let outcome = outcome.unwrap_or_else(|error| Err(classify("the statement", error)));
        self.told(attempted, outcome)
    }

    fn key(&self, attempted: &'static str, key: &str) -> Result<String, KeyValueError> {
        self.told(attempted, key_value::check_key(key))?;
        Ok(key.to_owned())
    }

    fn told<T>(
        &self,
        attempted: &'static str,
        outcome: Result<T, ConnectError>,
    ) -> Result<T, KeyValueError> {
        outcome.map_err(|error| self.context().error(error, attempted))
    }
}

fn has_table(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'connreg_key_value'";
    connection.prepare_cached(sql)?.exists([])
}

fn insert_if_absent(
    connection: &Connection,
    key: &str,
    value: &[u8],
    expires_at: Option<i64>,
    now: i64,
) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO connreg_key_value VALUES (?1, ?2, ?3) ON CONFLICT (key)
               DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
               WHERE expires_at <= ?4";
    Ok(connection
        .prepare_cached(sql)?
        .execute(params![key, value, expires_at, now])?
        == 1)
}

fn sweep(connection: &Connection, now: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM connreg_key_value WHERE key IN
               (SELECT key FROM connreg_key_value WHERE expires_at <= ?1 LIMIT ?2)";
    connection
        .prepare_cached(sql)?
        .execute(params![now, SWEPT_BY_A_WRITE])
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn after(now: i64, millis: Option<u64>) -> Option<i64> {
    millis.map(|millis| now.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX)))
}
