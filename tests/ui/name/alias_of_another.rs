use connreg::Settings;

#[derive(Settings)]
struct Thing {
    host: u8,
    #[setting(alias = "Host")]
    server: u8,
}

fn main() {}
