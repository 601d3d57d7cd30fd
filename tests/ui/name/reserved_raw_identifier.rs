use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing {
    r#type: String,
}

fn main() {}
