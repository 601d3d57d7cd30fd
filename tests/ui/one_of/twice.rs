use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(one_of = ["a", "b", "a"])]
    field: String,
}

fn main() {}
