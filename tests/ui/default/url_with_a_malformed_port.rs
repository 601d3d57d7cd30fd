use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "http://localhost:http")]
    field: connreg::Url,
}

fn main() {}
