use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = 1, default = 2)]
    field: u8,
}

fn main() {}
