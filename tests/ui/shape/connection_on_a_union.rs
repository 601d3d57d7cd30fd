use connreg::connection;

#[connection(type = "thing", category = "db")]
union Thing {
    #[setting(default = 1)]
    one: u8,
}

fn main() {}
