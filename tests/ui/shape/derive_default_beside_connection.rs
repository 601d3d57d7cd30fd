use connreg::connection;

#[connection(type = "thing", category = "db")]
#[derive(std::default::Default)]
struct Thing {
}

fn main() {}
