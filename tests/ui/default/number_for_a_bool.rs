use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = 1)]
    field: bool,
}

fn main() {}
