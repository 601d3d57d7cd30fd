use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(min_len = 3, max_len = 2)]
    field: String,
}

fn main() {}
