//! A type that programs name only by `use linkage_first as _;`.
#![forbid(unsafe_code)]

use connreg::{
    Backend, ConnectError, Context, SecretError, SecretProvider, SecretValue, async_trait, connection,
    secret_provider,
};

/// The first type.
#[connection(type = "linkage_first", category = "linkage")]
pub struct First {
    /// A number.
    #[setting(default = 1)]
    pub number: u8,
}

impl Backend for First {
    type Client = u8;

    async fn connect(&self, _: &Context) -> Result<u8, ConnectError> {
        Ok(self.number)
    }

    async fn check(_: &u8) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// A provider of secrets.
#[secret_provider(name = "linkage")]
#[derive(Debug, Default)]
pub struct Secrets;

#[async_trait]
impl SecretProvider for Secrets {
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
        Ok(reference.into())
    }
}
