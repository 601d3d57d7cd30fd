use connreg::connection;

#[connection(category = "db")]
struct Thing {
}

fn main() {}
