use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(range = 1..=2)]
    field: Duration,
}

fn main() {}
