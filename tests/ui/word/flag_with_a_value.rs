use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(flatten = true)]
    field: u8,
}

fn main() {}
