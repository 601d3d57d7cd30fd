use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(min_len = -1)]
    field: String,
}

fn main() {}
