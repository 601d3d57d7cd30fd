use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(alias)]
    field: u8,
}

fn main() {}
