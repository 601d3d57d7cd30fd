use connreg::Settings;

#[derive(Settings)]
enum Mode {
    Fast,
    #[setting(default)]
    Safe,
}

fn main() {}
