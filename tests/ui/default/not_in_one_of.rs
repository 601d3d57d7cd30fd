use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = "fats", one_of = ["fast", "safe"])]
    field: String,
}

fn main() {}
