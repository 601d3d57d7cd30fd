use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 1..=2)]
    #[setting(range = 1..=3)]
    field: u8,
}

fn main() {}
