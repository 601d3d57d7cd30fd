use connreg::Settings;

#[derive(Clone, Settings)]
enum Mode {
    Fast,
    Safe,
}

#[derive(Settings)]
struct Thing {
    #[setting(default)]
    mode: Mode,
}

fn main() {}
