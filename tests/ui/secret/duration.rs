use connreg::Settings;
use std::time::Duration;

#[derive(Settings)]
struct Thing {
    #[setting(secret)]
    field: Option<Duration>,
}

fn main() {}
