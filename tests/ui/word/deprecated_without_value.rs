use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(deprecated)]
    field: u8,
}

fn main() {}
