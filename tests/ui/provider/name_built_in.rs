use connreg::{SecretError, SecretProvider, SecretValue, async_trait, secret_provider};

#[secret_provider(name = "file")]
#[derive(Default)]
struct Vault;

#[async_trait]
impl SecretProvider for Vault {
    async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
        Ok(SecretValue::new(""))
    }
}

fn main() {}
