use connreg::Settings;

#[derive(Settings)]
struct Thing {
    host: String,
}

fn make() -> Thing {
    Thing::default()
}

fn main() {}
