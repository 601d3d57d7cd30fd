use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(flatten)]
    field: String,
}

fn main() {}
