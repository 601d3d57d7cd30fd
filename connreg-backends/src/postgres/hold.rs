//! An executor that is owned, or lent by a lease or a transaction.

use std::ops::{Deref, DerefMut};

use super::executor::Executor;

/// Who has the session when a stream or transaction ends.
#[derive(Debug)]
pub(super) enum Hold<'a> {
    /// The pool.
    Own(Box<Executor>),
    /// Whoever lent it.
    Lent(&'a mut Executor),
}

impl Deref for Hold<'_> {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        match self {
            Self::Own(executor) => executor,
            Self::Lent(executor) => executor,
        }
    }
}

impl DerefMut for Hold<'_> {
    fn deref_mut(&mut self) -> &mut Executor {
        match self {
            Self::Own(executor) => executor,
            Self::Lent(executor) => executor,
        }
    }
}
