use connreg::connection;

#[connection(type = "thing")]
struct Thing {
}

fn main() {}
