use connreg::connection;

#[connection(type = "thing", category = "")]
struct Thing {
}

fn main() {}
