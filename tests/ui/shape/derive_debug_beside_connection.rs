use connreg::connection;

#[connection(type = "thing", category = "db")]
#[derive(Debug)]
struct Thing {
}

fn main() {}
