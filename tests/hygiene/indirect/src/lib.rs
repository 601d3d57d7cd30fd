//! A connection type in a crate of an older edition that reaches `connreg` only through another crate.
#![deny(missing_docs)]

use hygiene_renamed::renamed::{connection, Backend, ConnectError, Context, Settings};

/// How it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Settings)]
#[setting(crate = hygiene_renamed::renamed)]
pub enum Manner {
    /// Well.
    #[default]
    Well,
}

/// A type that is two crates away from `connreg`.
#[connection(type = "indirect", category = "hygiene", crate = hygiene_renamed::renamed)]
pub struct Indirect {
    /// Where it is.
    #[setting(default = "localhost")]
    pub host: String,
    /// How it is done.
    #[setting(default)]
    pub manner: Manner,
}

impl Backend for Indirect {
    type Client = String;

    async fn connect(&self, _: &Context) -> Result<String, ConnectError> {
        Ok(self.host.clone())
    }

    async fn check(_: &String) -> Result<(), ConnectError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hygiene_renamed::renamed::ConnectionType;

    use super::*;

    #[test]
    fn it_is_registered_beside_those_of_its_dependency() {
        assert_eq!(ConnectionType::by_name("indirect").unwrap(), Indirect::TYPE);
        assert_eq!(Indirect::TYPE.package(), "hygiene-indirect");
        assert!(ConnectionType::by_name("every_word").is_ok());
    }
}
