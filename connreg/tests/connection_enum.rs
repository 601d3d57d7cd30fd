//! A closed set of connection types.

use connreg::{
    Backend, ConnectError, ConnectionType, Context, ErrorKind, connection, connection_enum,
};

macro_rules! backends {
    ($($name:ty),*) => {$(
        impl Backend for $name {
            type Client = ();

            async fn connect(&self, _: &Context) -> Result<(), ConnectError> {
                Ok(())
            }

            async fn check((): &()) -> Result<(), ConnectError> {
                Ok(())
            }
        }
    )*};
}

/// One in a module.
pub mod inner {
    /// One in a module.
    pub mod deep {
        /// The first.
        #[connreg::connection(type = "enum-first", category = "enum", aliases("one"))]
        pub struct First {}
    }
}

/// The second.
#[connection(type = "enum_second", category = "enum")]
pub struct Second {}

/// One that is in no enum.
#[connection(type = "enum_outsider", category = "enum")]
pub struct Outsider {}

backends!(inner::deep::First, Second, Outsider);

connection_enum! {
    /// Two of three.
    #[derive(PartialOrd, Ord)]
    pub enum Pair {
        /// By a path.
        #[cfg(test)]
        #[cfg(not(windows))]
        inner::deep::First,
        #[doc = "Under its name."]
        Second,
        #[cfg(windows)]
        missing::Third,
    }
}

connection_enum! {
    enum Absolute {
        crate::inner::deep::First
    }
}

connection_enum! {
    pub(crate) enum Nothing {}
}

#[test]
fn every_variant_is_its_type() {
    assert_eq!(Pair::ALL, [Pair::First, Pair::Second]);
    assert_eq!(Pair::First.connection_type(), inner::deep::First::TYPE);
    assert_eq!(ConnectionType::from(Pair::Second), Second::TYPE);
    assert_eq!(Pair::try_from(Second::TYPE).unwrap(), Pair::Second);
    assert_eq!(Absolute::First.connection_type(), inner::deep::First::TYPE);
    assert!(Pair::First < Pair::Second);
    let number = match Pair::First {
        Pair::First => 1,
        Pair::Second => 2,
    };
    assert_eq!(number, 1);
}

#[test]
fn names_and_aliases_are_read_as_in_configuration() {
    assert_eq!("EnumFirst".parse::<Pair>().unwrap(), Pair::First);
    assert_eq!("ONE".parse::<Pair>().unwrap(), Pair::First);
    assert_eq!(format!("{:>12}", Pair::Second), " enum_second");
}

#[test]
fn what_is_not_in_it_is_told_with_what_is() {
    let error = Pair::try_from(Outsider::TYPE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongType);
    let message = error.to_string();
    assert!(
        message.contains("`enum_outsider` is not in `Pair`"),
        "{message}"
    );
    assert!(
        message.contains("it has enum-first, enum_second"),
        "{message}"
    );

    let error = "enum_secnod".parse::<Pair>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let message = error.to_string();
    assert!(message.contains("did you mean `enum_second`?"), "{message}");
}

#[test]
fn it_may_be_empty() {
    assert!(Nothing::ALL.is_empty());
    let message = "anything".parse::<Nothing>().unwrap_err().to_string();
    assert!(message.contains("it has none"), "{message}");
}
