use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 10..=1)]
    field: u8,
}

fn main() {}
