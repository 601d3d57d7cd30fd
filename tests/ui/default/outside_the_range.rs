use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = 0, range = 1..=10)]
    field: u16,
}

fn main() {}
