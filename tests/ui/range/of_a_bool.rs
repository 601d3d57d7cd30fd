use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 0..=1)]
    field: bool,
}

fn main() {}
