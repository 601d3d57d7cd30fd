use connreg::Settings;

#[derive(Settings)]
struct Thing(u8);

fn main() {}
