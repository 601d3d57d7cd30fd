use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(default = "1h", range = "1s..=30min")]
    field: Duration,
}

fn main() {}
