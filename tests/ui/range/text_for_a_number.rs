use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = "1..=2")]
    field: u8,
}

fn main() {}
