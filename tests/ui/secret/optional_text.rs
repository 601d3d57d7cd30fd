use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(secret)]
    field: Option<String>,
}

fn main() {}
