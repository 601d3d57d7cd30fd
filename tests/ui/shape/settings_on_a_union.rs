use connreg::Settings;

#[derive(Settings)]
union Thing {
    one: u8,
}

fn main() {}
