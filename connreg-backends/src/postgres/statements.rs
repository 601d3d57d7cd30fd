//! The prepared statements that one session keeps, the least recently used one dropped when there are too many.

use hashlink::LruCache;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Statement};

use super::effect::Effect;

/// A session's statements by their text.
#[derive(Debug)]
pub(crate) struct Statements {
    by_text: LruCache<Box<str>, (Statement, Effect)>,
}

impl Statements {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            by_text: LruCache::new(size),
        }
    }

    /// The statement for `sql`, prepared unless it is there.
    pub(crate) async fn get(
        &mut self,
        client: &Client,
        sql: &str,
    ) -> Result<(Statement, Effect), Error> {
        if let Some(known) = self.by_text.get(sql) {
            return Ok(known.clone());
        }
        let statement = client.prepare(sql).await?;
        let effect = Effect::of_statement(sql);
        // Dropping the one that makes room tells the server to forget it, without waiting.
        if self.by_text.capacity() > 0 {
            self.by_text.insert(sql.into(), (statement.clone(), effect));
        }
        Ok((statement, effect))
    }

    /// Forgets one statement.
    pub(crate) fn forget(&mut self, sql: &str) {
        self.by_text.remove(sql);
    }

    /// Forgets them all, as the server has.
    pub(crate) fn clear(&mut self) {
        self.by_text.clear();
    }
}

/// Whether the server refused a cached statement before running it, because a table has changed or because the
/// statement is not there any more.
///
/// The server's routine is asked for, since the code alone may come from within a function, and the text is
/// translated.
pub(crate) fn is_out_of_date(error: &Error) -> bool {
    error.as_db_error().is_some_and(|said| match *said.code() {
        SqlState::FEATURE_NOT_SUPPORTED => said.routine() == Some("RevalidateCachedQuery"),
        SqlState::INVALID_SQL_STATEMENT_NAME => said.routine() == Some("FetchPreparedStatement"),
        _ => false,
    })
}
