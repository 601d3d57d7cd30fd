use connreg::connection;

#[connection(type = "thing", category = "db", timeout = 3)]
struct Thing {
}

fn main() {}
