use connreg::{SecretError, SecretProvider, SecretValue, async_trait, secret_provider};

#[secret_provider(name = "vault")]
#[derive(Default)]
struct Vault<T>(T);

#[async_trait]
impl<T: Send + Sync + 'static> SecretProvider for Vault<T> {
    async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
        Ok(SecretValue::new(""))
    }
}

fn main() {}
