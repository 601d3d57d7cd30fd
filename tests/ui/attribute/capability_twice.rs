use connreg::connection;

#[connection(type = "thing", category = "db", provides(Copy, Copy))]
struct Thing {
}

fn main() {}
