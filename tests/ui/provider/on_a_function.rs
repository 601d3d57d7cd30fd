use connreg::secret_provider;

#[secret_provider(name = "vault")]
fn vault() {}

fn main() {}
