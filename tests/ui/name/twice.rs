use connreg::Settings;

#[derive(Settings)]
struct Thing {
    user_name: u8,
    #[setting(rename = "username")]
    login: u8,
}

fn main() {}
