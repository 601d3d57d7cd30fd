use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(range = "1..=10")]
    field: Duration,
}

fn main() {}
