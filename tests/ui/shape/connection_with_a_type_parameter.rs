use connreg::connection;

#[connection(type = "thing", category = "db")]
struct Thing<T> {
    field: T,
}

fn main() {}
