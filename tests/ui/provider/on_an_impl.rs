use connreg::{SecretError, SecretProvider, SecretValue, async_trait, secret_provider};

#[derive(Default)]
struct Vault;

#[secret_provider(name = "vault")]
#[async_trait]
impl SecretProvider for Vault {
    async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
        Ok(SecretValue::new(""))
    }
}

fn main() {}
