use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(rename = "a.b")]
    field: u8,
}

fn main() {}
