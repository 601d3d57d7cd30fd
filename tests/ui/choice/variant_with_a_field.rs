use connreg::Settings;

#[derive(Settings)]
enum Mode {
    Fast,
    Custom(u8),
}

fn main() {}
