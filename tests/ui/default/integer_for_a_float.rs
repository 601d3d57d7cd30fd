use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = 2)]
    field: f64,
}

fn main() {}
