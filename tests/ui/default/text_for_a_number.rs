use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "5432")]
    field: u16,
}

fn main() {}
