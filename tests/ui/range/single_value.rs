use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 5)]
    field: u8,
}

fn main() {}
