use connreg::connection;

#[connection(type = "thing", category = "db")]
fn thing() {}

fn main() {}
