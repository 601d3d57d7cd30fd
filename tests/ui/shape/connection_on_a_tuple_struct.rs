use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing(#[setting(default = 1)] u8);

fn main() {}
