use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing {
    #[setting(alias = "pool_size")]
    connections: u32,
}

fn main() {}
