use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting("default")]
    field: u8,
}

fn main() {}
