use connreg::connection;

#[connection(type = "thing", category = "db", validate = "check")]
struct Thing {
}

fn main() {}
