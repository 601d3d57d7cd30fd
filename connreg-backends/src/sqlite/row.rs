//! A row that outlives its statement: owned values and the columns' names.

use std::sync::Arc;

use connreg::{ConnectError, Error, ErrorKind, Sent};
use rusqlite::types::{FromSql, Value, ValueRef};

/// What the rows of one result have in common.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) connection: Arc<str>,
    pub(super) names: Vec<String>,
}

/// One row of a result.
#[derive(Clone, Debug)]
pub struct Row {
    pub(super) columns: Arc<Columns>,
    pub(super) values: Vec<Value>,
}

impl Row {
    /// The value of a column, by position from 0 or by name, as any type that SQLite's value fits.
    ///
    /// # Errors
    ///
    /// There is no such column, or its value is of another type; both are said.
    pub fn get<T: FromSql>(&self, column: impl Column) -> Result<T, Error> {
        let index = column.find(&self.columns.names).ok_or_else(|| {
            let names = self.columns.names.join("`, `");
            self.wrong(format!("no column {}; there are `{names}`", column.told()))
        })?;
        let value = &self.values[index];
        T::column_result(ValueRef::from(value)).map_err(|error| {
            let name = &self.columns.names[index];
            let found = value.data_type();
            let wanted = std::any::type_name::<T>();
            let why = format!(
                "column `{name}` holds {found}, which can't be read as `{wanted}`: {error}"
            );
            self.wrong(why)
        })
    }

    /// The columns' names, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns.names
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no column at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values, in the columns' order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    fn wrong(&self, message: String) -> Error {
        ConnectError::new(ErrorKind::Other, message)
            .with_help("correct the column or the type that is asked for")
            .with_sent(Sent::Yes)
            .for_connection(Arc::clone(&self.columns.connection), "reading a row")
    }
}

/// A column's position (`usize`, from 0) or name (`&str`).
pub trait Column: Copy {
    /// Where it is among `names`.
    fn find(&self, names: &[String]) -> Option<usize>;

    /// How a message calls it.
    fn told(&self) -> String;
}

impl Column for usize {
    fn find(&self, names: &[String]) -> Option<usize> {
        (*self < names.len()).then_some(*self)
    }

    fn told(&self) -> String {
        format!("at position {self}")
    }
}

impl Column for &str {
    fn find(&self, names: &[String]) -> Option<usize> {
        // SQLite's own names are compared without regard to case; an exact match goes first.
        let exact = names.iter().position(|name| name == self);
        exact.or_else(|| {
            names
                .iter()
                .position(|name| name.eq_ignore_ascii_case(self))
        })
    }

    fn told(&self) -> String {
        format!("`{self}`")
    }
}
