use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing {
    #[setting(rename = "ConnectTimeout")]
    patience: u32,
}

fn main() {}
