use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = -1)]
    field: u32,
}

fn main() {}
