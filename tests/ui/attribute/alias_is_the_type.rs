use connreg::connection;

#[connection(type = "my_thing", category = "db", aliases("my-thing"))]
struct Thing {
}

fn main() {}
