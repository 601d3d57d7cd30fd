use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = 65536)]
    field: u16,
}

fn main() {}
