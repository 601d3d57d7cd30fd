use connreg::connection;

#[connection(type = "thing", category = "db", provide(KeyValue))]
struct Thing {
}

fn main() {}
