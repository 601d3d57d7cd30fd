use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(min_len = 1)]
    field: u16,
}

fn main() {}
