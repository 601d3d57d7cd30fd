//! A session of one's own.

use std::ops::{Deref, DerefMut};

use connreg::Error;

use super::executor::Executor;
use super::transaction::{Transaction, TransactionBuilder};

/// A session of one's own, for settings, temporary tables, advisory locks, cursors and the like; goes back to the
/// pool when dropped.
///
/// What it has done to the session is undone before anybody else gets it, as far as the statements' texts show it: a
/// session that only ran data statements goes back as it is, any other is reset, and one with prepared statements of
/// the user's own is closed. What a function does inside the server is not seen; call
/// [`reset`](Self::reset) after such a one.
///
/// # Examples
///
/// ```
/// # async fn report(db: &connreg_backends::postgres::Client) -> Result<(), connreg::Error> {
/// let mut session = db.acquire().await?;
/// session.batch_execute("SET statement_timeout = '5min'").await?;
/// session.query("SELECT * FROM yearly_report", &[]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Lease(Executor);

impl Lease {
    pub(super) fn new(executor: Executor) -> Self {
        Self(executor)
    }

    /// Begins a transaction on this session.
    ///
    /// # Errors
    ///
    /// The server refused it, or is gone.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        self.build_transaction().start().await
    }

    /// Begins a transaction of a certain kind on this session.
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_> {
        TransactionBuilder::on_lease(&mut self.0)
    }

    /// Undoes everything that was done to the session: settings, temporary tables, locks, cursors.
    ///
    /// # Errors
    ///
    /// The server refused it, or is gone.
    pub async fn reset(&mut self) -> Result<(), Error> {
        self.0.reset().await
    }
}

impl Deref for Lease {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        &self.0
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Executor {
        &mut self.0
    }
}
