use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(one_of = [])]
    field: String,
}

fn main() {}
