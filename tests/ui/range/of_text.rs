use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 1..=2)]
    field: String,
}

fn main() {}
