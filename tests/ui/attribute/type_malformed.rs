use connreg::connection;

#[connection(type = "My Thing!", category = "db")]
struct Thing {
}

fn main() {}
