use connreg::Settings;

fn check(_: &u8) -> bool {
    true
}

#[derive(Settings)]
struct Thing {
    #[setting(validate = check)]
    field: u8,
}

fn main() {}
