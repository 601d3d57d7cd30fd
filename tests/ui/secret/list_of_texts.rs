use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(secret)]
    field: Vec<String>,
}

fn main() {}
