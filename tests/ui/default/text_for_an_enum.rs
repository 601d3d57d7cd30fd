use connreg::Settings;

#[derive(Settings)]
enum Mode {
    Fast,
    Safe,
}

#[derive(Settings)]
struct Thing {
    #[setting(default = "fast")]
    mode: Mode,
}

fn main() {}
