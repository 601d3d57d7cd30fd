use connreg::Settings;

fn check(_: &u8) -> Result<(), String> {
    Ok(())
}

#[derive(Settings)]
struct Thing {
    #[setting(validate = check)]
    field: u16,
}

fn main() {}
