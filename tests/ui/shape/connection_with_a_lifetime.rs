use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing<'a> {
    field: &'a str,
}

fn main() {}
