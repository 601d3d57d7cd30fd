//! A type that may clash with that of `linkage-first`.
#![forbid(unsafe_code)]

use connreg::{Backend, ConnectError, Context, connection};

macro_rules! backend {
    ($name:ident) => {
        impl Backend for $name {
            type Client = ();

            async fn connect(&self, _: &Context) -> Result<(), ConnectError> {
                Ok(())
            }

            async fn check((): &()) -> Result<(), ConnectError> {
                Ok(())
            }
        }
    };
}

/// The second type.
#[connection(type = "linkage-second", category = "linkage")]
pub struct Second {}

backend!(Second);

/// The first type once more.
#[cfg(feature = "same-name")]
#[connection(type = "linkage_first", category = "linkage")]
pub struct FirstAgain {}

#[cfg(feature = "same-name")]
backend!(FirstAgain);

/// A type that also wants to be the first.
#[cfg(feature = "same-alias")]
#[connection(type = "linkage-third", category = "linkage", aliases("linkage-first"))]
pub struct Third {}

#[cfg(feature = "same-alias")]
backend!(Third);

/// The first provider of secrets once more.
#[cfg(feature = "same-name")]
#[connreg::secret_provider(name = "linkage")]
#[derive(Debug, Default)]
pub struct SecretsAgain;

#[cfg(feature = "same-name")]
#[connreg::async_trait]
impl connreg::SecretProvider for SecretsAgain {
    async fn lookup(&self, reference: &str) -> Result<connreg::SecretValue, connreg::SecretError> {
        Ok(reference.into())
    }
}
