use connreg::connection;

#[connection(type = "thing", category = "db")]
#[derive(Clone, PartialEq)]
struct Thing {
}

fn main() {}
