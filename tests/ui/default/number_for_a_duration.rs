use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(default = 30)]
    field: Duration,
}

fn main() {}
