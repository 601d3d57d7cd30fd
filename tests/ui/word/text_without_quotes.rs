use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(env = PGHOST)]
    field: u8,
}

fn main() {}
