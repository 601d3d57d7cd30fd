use connreg::Settings;

#[derive(Settings)]
enum Mode {
    ReadOnly,
    #[setting(alias = "readonly")]
    Frozen,
}

fn main() {}
