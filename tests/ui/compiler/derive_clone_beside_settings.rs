use connreg::Settings;

#[derive(Clone, Settings)]
struct Thing {
    field: u8,
}

fn main() {}
