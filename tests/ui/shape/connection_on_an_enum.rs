use connreg::connection;

#[connection(type = "thing", category = "db")]
enum Thing {
    #[setting(alias = "x")]
    One,
}

fn main() {}
