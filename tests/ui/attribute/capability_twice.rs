use connreg::connection;
use connreg::capability::KeyValue;

#[connection(type = "thing", category = "db", provides(KeyValue, KeyValue))]
struct Thing {
}

fn main() {}
