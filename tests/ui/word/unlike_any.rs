use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(port = 1)]
    field: u8,
}

fn main() {}
