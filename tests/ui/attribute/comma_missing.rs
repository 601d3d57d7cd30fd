use connreg::connection;

#[connection(type = "thing" category = "db")]
struct Thing {
}

fn main() {}
