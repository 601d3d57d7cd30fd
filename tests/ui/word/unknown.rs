use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(defualt = 1)]
    field: u8,
}

fn main() {}
