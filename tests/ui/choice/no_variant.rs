use connreg::Settings;

#[derive(Settings)]
enum Mode {}

fn main() {}
