use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(range = ..)]
    field: u8,
}

fn main() {}
