use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = String::new())]
    field: u16,
}

fn main() {}
