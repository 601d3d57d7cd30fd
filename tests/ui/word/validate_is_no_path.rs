use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(validate = |_| true)]
    field: u8,
}

fn main() {}
