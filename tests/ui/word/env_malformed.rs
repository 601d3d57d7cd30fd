use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(env = "PG-HOST")]
    field: u8,
}

fn main() {}
