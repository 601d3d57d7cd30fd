use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(serde = "name")]
    field: u8,
}

fn main() {}
