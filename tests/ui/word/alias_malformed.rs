use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(alias = "the field")]
    field: u8,
}

fn main() {}
