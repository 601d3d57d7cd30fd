use connreg::connection;

#[connection(type = "thing", category = "db", type = "other")]
struct Thing {
}

fn main() {}
