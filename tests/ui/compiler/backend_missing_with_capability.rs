use connreg::capability::KeyValue;
use connreg::connection;

#[connection(type = "thing", category = "db", provides(KeyValue))]
struct Thing {}

fn main() {}
