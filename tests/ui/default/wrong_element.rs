use connreg::Settings;

#[derive(Settings)]
struct Thing {
    #[setting(default = ["80", 81])]
    field: Vec<u16>,
}

fn main() {}
