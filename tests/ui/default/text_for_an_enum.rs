use connreg::Settings;

#[derive(Clone, Settings)]
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
