use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(one_of = [1, 2])]
    field: String,
}

fn main() {}
