use connreg::connection;

#[connection(type = "thing", category = "DB")]
struct Thing {
}

fn main() {}
