use connreg::connection;

#[connection(type = "thing", category = "db", aliases("Thing 2"))]
struct Thing {
}

fn main() {}
