use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = 1..=3)]
    field: f64,
}

fn main() {}
