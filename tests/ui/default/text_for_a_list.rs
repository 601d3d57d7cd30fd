use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "a")]
    field: Vec<String>,
}

fn main() {}
