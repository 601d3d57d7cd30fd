use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting]
    field: u8,
}

fn main() {}
