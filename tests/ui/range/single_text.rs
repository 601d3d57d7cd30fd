use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(range = "5s")]
    field: Duration,
}

fn main() {}
