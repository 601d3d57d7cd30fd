use connreg::Settings;

#[derive(Settings)]
#[setting(crate = elsewhere)]
struct Thing {
    field: u8,
}

fn main() {}
