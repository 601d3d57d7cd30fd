use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(one_of = ["1", "2"])]
    field: u8,
}

fn main() {}
