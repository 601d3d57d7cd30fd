use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(alias = "host_name")]
    hostname: u8,
}

fn main() {}
