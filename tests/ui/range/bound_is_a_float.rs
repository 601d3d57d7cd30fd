use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 1.5..=3.0)]
    field: u8,
}

fn main() {}
