use connreg::connection;

#[connection(type, category = "db")]
struct Thing {
}

fn main() {}
