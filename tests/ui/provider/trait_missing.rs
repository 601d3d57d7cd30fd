use connreg::secret_provider;

#[secret_provider(name = "vault")]
#[derive(Default)]
struct Vault;

fn main() {}
