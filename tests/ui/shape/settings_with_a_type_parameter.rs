use connreg::Settings;

#[derive(Settings)]
struct Thing<T> {
    field: T,
}

fn main() {}
