use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing {
    pool: u32,
}

fn main() {}
