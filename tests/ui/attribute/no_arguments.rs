use connreg::connection;

#[connection]
struct Thing {}

fn main() {}
