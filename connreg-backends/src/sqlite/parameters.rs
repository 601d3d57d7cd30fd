//! Parameters of a statement: taken by reference from the caller, owned on the way to the connection's thread.

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Error, Result, Statement, ToSql};

/// What a statement's parameters may be given as: tuples, arrays, slices and vectors of
/// [`ToSql`] values for `?1`, [`Named`] pairs for `:name`, and `()` for none.
///
/// # Examples
///
/// ```
/// use connreg_backends::sqlite::{Named, Parameters};
///
/// fn takes(_: impl Parameters) {}
///
/// let name = String::from("Ada");
/// takes(());
/// takes([]);
/// takes((&name, 36));
/// takes([1, 2, 3]);
/// takes(&[&25]);
/// takes(Named([(":name", &name)]));
/// ```
pub trait Parameters {
    /// The values, owned.
    fn into_bound(self) -> Result<Bound>;
}

/// Parameters on their way to a statement.
#[derive(Debug, Default)]
pub struct Bound(Vec<(Option<String>, Value)>);

impl Bound {
    pub(super) fn bind(self, statement: &mut Statement<'_>) -> Result<()> {
        let (given, wanted) = (self.0.len(), statement.parameter_count());
        if given != wanted {
            return Err(Error::InvalidParameterCount(given, wanted));
        }
        for (position, (name, value)) in self.0.into_iter().enumerate() {
            match name {
                None => statement.raw_bind_parameter(position + 1, value)?,
                Some(name) => match statement.parameter_index(&name)? {
                    Some(index) => statement.raw_bind_parameter(index, value)?,
                    None => return Err(Error::InvalidParameterName(name)),
                },
            }
        }
        Ok(())
    }

    fn push(&mut self, name: Option<&str>, value: &dyn ToSql) -> Result<()> {
        let value = match value.to_sql()? {
            ToSqlOutput::Owned(value) => value,
            ToSqlOutput::Borrowed(borrowed) => Value::try_from(borrowed)
                .map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))?,
            other => {
                let message = format!("{other:?} can't be sent to the connection's thread");
                return Err(Error::ToSqlConversionFailure(message.into()));
            }
        };
        self.0.push((name.map(str::to_owned), value));
        Ok(())
    }

    fn positional<T: ToSql>(values: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut bound = Self::default();
        values
            .into_iter()
            .try_for_each(|value| bound.push(None, &value))?;
        Ok(bound)
    }
}

impl Parameters for Bound {
    fn into_bound(self) -> Result<Bound> {
        Ok(self)
    }
}

impl Parameters for () {
    fn into_bound(self) -> Result<Bound> {
        Ok(Bound::default())
    }
}

impl<T: ToSql> Parameters for &[T] {
    fn into_bound(self) -> Result<Bound> {
        Bound::positional(self)
    }
}

impl<T: ToSql> Parameters for Vec<T> {
    fn into_bound(self) -> Result<Bound> {
        Bound::positional(&self)
    }
}

// One impl for every length would leave open what `[]` is an array of.
impl Parameters for [&(dyn ToSql + Send + Sync); 0] {
    fn into_bound(self) -> Result<Bound> {
        Ok(Bound::default())
    }
}

macro_rules! arrays {
    ($($length:literal)+) => {$(
        impl<T: ToSql> Parameters for [T; $length] {
            fn into_bound(self) -> Result<Bound> {
                Bound::positional(&self)
            }
        }
    )+};
}

arrays! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 }

impl<T: ToSql, const N: usize> Parameters for &[T; N] {
    fn into_bound(self) -> Result<Bound> {
        Bound::positional(self)
    }
}

/// Parameters by name: pairs of the name as the statement has it (`:name`, `@name`, `$name`) and the value.
#[derive(Clone, Copy, Debug)]
pub struct Named<L>(pub L);

impl<'a, T, L> Parameters for Named<L>
where
    T: ToSql + 'a,
    L: IntoIterator<Item = (&'a str, T)>,
{
    fn into_bound(self) -> Result<Bound> {
        let mut bound = Bound::default();
        self.0
            .into_iter()
            .try_for_each(|(name, value)| bound.push(Some(name), &value))?;
        Ok(bound)
    }
}

macro_rules! tuples {
    ($(($($name:ident),+))+) => {$(
        impl<$($name: ToSql),+> Parameters for ($($name,)+) {
            // The type's letter serves as the value's name.
            #[allow(non_snake_case)]
            fn into_bound(self) -> Result<Bound> {
                let ($($name,)+) = self;
                let mut bound = Bound::default();
                $(bound.push(None, &$name)?;)+
                Ok(bound)
            }
        }
    )+};
}

tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
    (A, B, C, D, E, F, G, H, I)
    (A, B, C, D, E, F, G, H, I, J)
    (A, B, C, D, E, F, G, H, I, J, K)
    (A, B, C, D, E, F, G, H, I, J, K, L)
}
