use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(secret)]
    field: u32,
}

fn main() {}
