use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "localhost:9200")]
    field: connreg::Url,
}

fn main() {}
