//! A provider of secrets.

use ::core::result::Result::{self, Ok};
// `async_trait` wants to find it.
use ::renamed::{SecretError, SecretProvider, SecretValue};
use ::std::boxed::Box;

/// Gives back what it is asked for.
#[::renamed::secret_provider(name = "hygienic", crate = ::renamed)]
#[derive(::core::fmt::Debug, ::core::default::Default)]
pub struct Hygienic;

#[::renamed::async_trait]
impl SecretProvider for Hygienic {
    async fn lookup(&self, reference: &str) -> Result<SecretValue, SecretError> {
        Ok(SecretValue::new(reference))
    }
}
