use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "", min_len = 1)]
    field: String,
}

fn main() {}
