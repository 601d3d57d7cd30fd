use connreg::Settings;
#[derive(Settings)]
struct Inner {}

#[derive(Settings)]
struct Thing {
    #[setting(range = 1..=2)]
    field: Inner,
}

fn main() {}
