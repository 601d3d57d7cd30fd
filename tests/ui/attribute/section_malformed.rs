use connreg::connection;

#[connection(type = "thing", category = "db", section("external..thing"))]
struct Thing {
}

fn main() {}
