use connreg::Settings;

#[derive(Settings)]
#[setting(validate = check)]
enum Mode {
    Fast,
}

fn main() {}
