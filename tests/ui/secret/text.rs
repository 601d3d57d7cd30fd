use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(secret)]
    field: String,
}

fn main() {}
